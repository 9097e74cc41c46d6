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
}

impl Stalls {
    /// From now on: the connection may have carried other requests.
    /// Of HTTP/2 nothing is known: many streams share the connection, and may outlive it.
    pub(super) fn of(session: &Session) -> Self {
        if session.req_header().version == Version::HTTP_2 {
            return Self::default();
        }
        let socket = session.digest().and_then(|digest| digest.socket_digest.clone());
        let mut stalls = Self { socket, counted: Duration::ZERO };
        stalls.since_last();
        stalls
    }

    /// Time since the last call in which the client's receive window was shut while bytes waited.
    /// The kernel counts in ticks of 1 to 10 ms. Only while the connection is open.
    pub(super) fn since_last(&mut self) -> Option<Duration> {
        let counted = Duration::from_micros(self.socket.as_ref()?.tcp_info()?.tcpi_rwnd_limited);
        let since = counted.saturating_sub(self.counted);
        self.counted = counted;
        (!since.is_zero()).then_some(since)
    }
}
