//! Whose turn it is on a connection (HTTP/1) or a stream (HTTP/2): what the door and the filter tell
//! each other.

use std::future::poll_fn;
use std::os::fd::RawFd;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU16, AtomicU64, Ordering};
use std::time::Duration;

use crate::cork;

tokio::task_local! {
    static TURN: Arc<Turn>;
}

/// What is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// The first byte of a request.
    Waiting,
    /// The rest of its head.
    Head,
    /// The rest of its body.
    Body,
    /// The answer: nothing is expected of the client.
    Answer,
}

/// Shared by a connection and the request on it.
#[derive(Debug)]
pub(crate) struct Turn {
    phase: AtomicU8,
    /// The client has kept waiting for longer than it may.
    overdue: AtomicBool,
    /// Bytes of the client will come that nobody reads.
    lingers: AtomicBool,
    /// The status of an answer that was written although no request was there; 0: none.
    unasked: AtomicU16,
    /// For how many µs the client had taken no bytes when the last answer had been sent to its end.
    stalled: AtomicU64,
    /// The socket that holds back what is written to it.
    corked: AtomicI32,
}

/// No socket.
const NONE: RawFd = -1;

/// Nobody knows.
const UNKNOWN: u64 = u64::MAX;

impl Turn {
    fn new(phase: Phase) -> Arc<Self> {
        Arc::new(Self {
            phase: AtomicU8::new(phase as u8),
            overdue: AtomicBool::new(false),
            lingers: AtomicBool::new(false),
            unasked: AtomicU16::new(0),
            stalled: AtomicU64::new(UNKNOWN),
            corked: AtomicI32::new(NONE),
        })
    }

    /// Of a connection that carries one request after the other.
    pub(super) fn of_connection() -> Arc<Self> {
        Self::new(Phase::Waiting)
    }

    /// Of a stream, whose head has come and was not looked at.
    pub(super) fn of_stream() -> Arc<Self> {
        Self::new(Phase::Head)
    }

    /// Makes this the turn of everything that `work` does.
    pub(super) async fn scope<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        let mut work = pin!(TURN.scope(Arc::clone(self), work));
        poll_fn(|cx| {
            let polled = work.as_mut().poll(cx);
            self.let_out();
            polled
        })
        .await
    }

    /// What is written to this socket goes out as soon as the task waits, and not before.
    pub(crate) fn hold_back(&self, socket: RawFd) {
        if socket != NONE && self.corked.load(Ordering::Relaxed) == NONE && cork::put_in(socket) {
            self.corked.store(socket, Ordering::Relaxed);
        }
    }

    fn let_out(&self) {
        if self.corked.load(Ordering::Relaxed) != NONE {
            cork::pull_out(self.corked.swap(NONE, Ordering::Relaxed));
        }
    }

    /// The turn of the task that asks.
    pub(crate) fn current() -> Option<Arc<Self>> {
        TURN.try_with(Arc::clone).ok()
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Waiting,
            1 => Phase::Head,
            2 => Phase::Body,
            _ => Phase::Answer,
        }
    }

    pub(crate) fn set(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Whether the client took longer than it may to send its request.
    pub(crate) fn is_overdue(&self) -> bool {
        self.overdue.load(Ordering::Relaxed)
    }

    pub(super) fn is_now_overdue(&self) {
        self.overdue.store(true, Ordering::Relaxed);
    }

    /// The connection will be closed with bytes of the client unread: not at once, or it would not
    /// get the answer.
    pub(crate) fn will_linger(&self) {
        self.lingers.store(true, Ordering::Relaxed);
    }

    pub(super) fn lingers(&self) -> bool {
        self.lingers.load(Ordering::Relaxed)
    }

    /// An answer with this status was written although no request was there.
    pub(super) fn answered_unasked(&self, status: u16) {
        self.unasked.store(status, Ordering::Relaxed);
    }

    /// The status of such an answer.
    pub(super) fn unasked(&self) -> Option<u16> {
        let status = self.unasked.load(Ordering::Relaxed);
        (status != 0).then_some(status)
    }

    /// How long the client had taken no bytes on this connection, when the answer before had been sent to its end;
    /// `None`: nobody looked then. Whoever asks has to look, or the next one is not told.
    pub(crate) fn take_stalled(&self) -> Option<Duration> {
        let stalled = self.stalled.swap(UNKNOWN, Ordering::Relaxed);
        (stalled != UNKNOWN).then(|| Duration::from_micros(stalled))
    }

    /// The answer has been sent to its end, and so long was it by then.
    pub(crate) fn set_stalled(&self, time: Duration) {
        self.stalled.store(time.as_micros().try_into().unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    /// Waits until the body is not there after `limit`; for ever if it has come by then.
    pub(super) async fn overdue(&self, limit: Duration) {
        tokio::time::sleep(limit).await;
        if self.phase() == Phase::Body {
            self.is_now_overdue();
        } else {
            std::future::pending().await
        }
    }
}
