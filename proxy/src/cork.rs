//! Sends what is written in several pieces in one segment: Pingora writes a request's head and its body one behind the
//! other, and each would be a packet of its own, which the upstream wakes up for.
//!
//! A socket with `TCP_CORK` sends full segments only, until it is taken off (tcp(7)). Whoever puts it on takes it off
//! before its task waits for anything, so nothing is delayed.

#![allow(unsafe_code, reason = "Pingora tells the number of a socket and does not lend it")]

use std::os::fd::{BorrowedFd, RawFd};

use rustix::net::sockopt::set_tcp_cork;

/// Returns whether the socket holds back from now on; one that is not of TCP does not.
pub(crate) fn put_in(socket: RawFd) -> bool {
    set(socket, true)
}

/// Sends what was held back.
pub(crate) fn pull_out(socket: RawFd) {
    // It may have been closed meanwhile, or be another by now: that one is not corked, or is so by a task that loses
    // no more by it than a packet.
    let _is_out = set(socket, false);
}

fn set(socket: RawFd, corked: bool) -> bool {
    if socket < 0 {
        return false;
    }
    // SAFETY: the number is used for one system call, which checks it; nothing is read, written or closed by it.
    let socket = unsafe { BorrowedFd::borrow_raw(socket) };
    set_tcp_cork(socket, corked).is_ok()
}
