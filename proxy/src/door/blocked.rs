//! Whether a client takes bytes: over HTTP/2 an answer has ended for Pingora while its last bytes still
//! wait for the socket. A connection with such is not idle, and a drain waits for it.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;

/// Whether the socket of a connection takes no bytes at the moment, though some wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocked(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_blocked: AtomicBool,
    /// How often it has taken some.
    progress: AtomicU64,
}

impl Blocked {
    /// What the last attempt to write came to.
    pub(super) fn note<T>(&self, polled: &Poll<io::Result<T>>) {
        self.0.is_blocked.store(polled.is_pending(), Ordering::Relaxed);
        if matches!(polled, Poll::Ready(Ok(_))) {
            self.0.progress.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until it takes them again. Only for the task that writes: nobody else would be woken.
    pub(super) async fn over(&self) {
        poll_fn(|_| if self.is() { Poll::Pending } else { Poll::Ready(()) }).await;
    }

    pub(super) fn is(&self) -> bool {
        self.0.is_blocked.load(Ordering::Relaxed)
    }

    /// Another number than before, if bytes were taken in between.
    pub(super) fn progress(&self) -> u64 {
        self.0.progress.load(Ordering::Relaxed)
    }
}
