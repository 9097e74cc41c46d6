//! How long the client could not take bytes, told by the kernel: a client that reads slowly must not
//! be taken for a model that writes slowly.

use std::sync::Arc;
use std::time::Duration;

use http::Version;
use pingora::prelude::Session;
use pingora::protocols::SocketDigest;

/// For how long the kernel is not asked again while the client takes what it is sent: that is a system call, and no
/// shorter gap is a stall that anybody would notice.
const PAUSE: Duration = Duration::from_millis(50);

/// Length of an answer that the kernel takes off Weir's hands at once, however slowly the client reads.
const AT_ONCE: u64 = 16 << 10;

/// The stalls of one client's connection.
#[derive(Default)]
pub(super) struct Stalls {
    socket: Option<Arc<SocketDigest>>,
    /// What the kernel had counted when it was asked last.
    counted: Duration,
    /// When that was, or when the answer began, from the origin of the request's times.
    asked: Duration,
    /// Then nothing waited to be sent: it counts no more until something does.
    is_all_sent: bool,
}

impl Stalls {
    /// Those of the answer that begins now: the connection may have carried others. `before`, if that is known, is
    /// what the kernel had counted when the last one had been sent to its end. `length` is that of an answer in one.
    /// Of HTTP/2 nothing is known: many streams share the connection, and may outlive it.
    pub(super) fn of(
        session: &Session,
        length: Option<u64>,
        before: Option<Duration>,
        now: impl FnOnce() -> Duration,
    ) -> Self {
        let is_at_once = length.is_some_and(|length| length <= AT_ONCE);
        if is_at_once || session.req_header().version == Version::HTTP_2 {
            return Self::default();
        }
        let socket = session.digest().and_then(|digest| digest.socket_digest.clone());
        let (counted, now) = (before.unwrap_or_default(), now());
        let mut stalls = Self { socket, counted, asked: now, is_all_sent: true };
        if before.is_none() {
            stalls.since_last(now);
        }
        stalls
    }

    /// What the kernel had counted at the last call, if that will still be so when the next answer begins.
    pub(super) fn counted(&self) -> Option<Duration> {
        self.is_all_sent.then_some(self.counted)
    }

    /// The same as [`Self::since_last`] at a piece of the answer, unless it was asked a moment ago.
    pub(super) fn at_piece(&mut self, now: Duration) -> Option<Duration> {
        if self.socket.is_none() || self.is_all_sent && now.saturating_sub(self.asked) < PAUSE {
            return None;
        }
        self.since_last(now)
    }

    /// Whether there is anything to ask.
    pub(super) fn are_known(&self) -> bool {
        self.socket.is_some()
    }

    /// Time since the last call in which the client's receive window was shut while bytes waited.
    /// The kernel counts in ticks of 1 to 10 ms. Only while the connection is open.
    pub(super) fn since_last(&mut self, now: Duration) -> Option<Duration> {
        let told = self.socket.as_ref()?.tcp_info()?;
        self.asked = now;
        let counted = Duration::from_micros(told.tcpi_rwnd_limited);
        self.is_all_sent = told.tcpi_notsent_bytes == 0;
        let since = counted.saturating_sub(self.counted);
        self.counted = counted;
        (!since.is_zero()).then_some(since)
    }
}
