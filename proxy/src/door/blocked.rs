//! Whether a client takes bytes: over HTTP/2 an answer has ended for Pingora while its last bytes still
//! wait for the socket. A connection with such is not idle, and a drain waits for it.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// Whether the socket of a connection takes no bytes at the moment, though some wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocked(Arc<AtomicBool>);

impl Blocked {
    /// What the last attempt to write came to.
    pub(super) fn set(&self, blocked: bool) {
        self.0.store(blocked, Ordering::Relaxed);
    }

    /// Waits until it takes them again. Only for the task that writes: nobody else would be woken.
    pub(super) async fn over(&self) {
        poll_fn(|_| if self.is() { Poll::Pending } else { Poll::Ready(()) }).await;
    }

    pub(super) fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
