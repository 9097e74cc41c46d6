//! How long the client could not take bytes, told by the kernel: a client that reads slowly must not
//! be taken for a model that writes slowly.

use std::sync::Arc;
use std::time::Duration;

use http::Version;
use pingora::prelude::Session;
use pingora::protocols::SocketDigest;

/// The stalls of one client's connection.
#[derive(Default)]
pub(super) struct Stalls {
    socket: Option<Arc<SocketDigest>>,
    /// What the kernel had counted when it was asked last.
    counted: Duration,
    /// Then nothing waited to be sent: it counts no more until something does.
    is_all_sent: bool,
    /// A piece of the answer has come.
    has_begun: bool,
}

impl Stalls {
    /// Those of the answer that begins: the connection may have carried others. `before`, if that is known, is what the
    /// kernel had counted when the last one had been sent to its end.
    /// Of HTTP/2 nothing is known: many streams share the connection, and may outlive it.
    pub(super) fn of(session: &Session, before: Option<Duration>) -> Self {
        if session.req_header().version == Version::HTTP_2 {
            return Self::default();
        }
        let socket = session.digest().and_then(|digest| digest.socket_digest.clone());
        let mut stalls = Self { socket, counted: before.unwrap_or_default(), ..Self::default() };
        if before.is_none() {
            stalls.since_last();
        }
        stalls
    }

    /// What the kernel had counted at the last call, if that will still be so when the next answer begins.
    pub(super) fn counted(&self) -> Option<Duration> {
        self.is_all_sent.then_some(self.counted)
    }

    /// The same as [`Self::since_last`] at each piece of the answer but the first, before which nothing had been sent:
    /// most answers have one.
    pub(super) fn at_piece(&mut self) -> Option<Duration> {
        let has_begun = std::mem::replace(&mut self.has_begun, true);
        has_begun.then(|| self.since_last()).flatten()
    }

    /// Time since the last call in which the client's receive window was shut while bytes waited.
    /// The kernel counts in ticks of 1 to 10 ms. Only while the connection is open.
    pub(super) fn since_last(&mut self) -> Option<Duration> {
        let told = self.socket.as_ref()?.tcp_info()?;
        let counted = Duration::from_micros(told.tcpi_rwnd_limited);
        self.is_all_sent = told.tcpi_notsent_bytes == 0;
        let since = counted.saturating_sub(self.counted);
        self.counted = counted;
        (!since.is_zero()).then_some(since)
    }
}
