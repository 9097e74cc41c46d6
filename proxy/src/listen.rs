//! Listening sockets, bound before Pingora starts: a port in use is an error at once, and port 0
//! tells which port it became.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::IntoRawFd as _;
use std::sync::Arc;

use parking_lot::Mutex;
use pingora::server::{Fds, ListenFds};

/// Sockets that wait for Pingora to take them over.
pub(crate) struct Bound {
    pub(crate) address: SocketAddr,
    socket: TcpListener,
}

impl Bound {
    pub(crate) fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let socket = TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self { address: socket.local_addr()?, socket })
    }

    /// The table by which Pingora hands sockets from one process to the next, with this one in it.
    pub(crate) fn into_fds(self) -> (String, ListenFds) {
        let name = self.address.to_string();
        let mut fds = Fds::new();
        fds.add(name.clone(), self.socket.into_raw_fd());
        (name, Arc::new(Mutex::new(fds)))
    }
}
