//! A listener's door: takes clients' connections in, as many as may be, and serves each on a task of
//! its own.
//!
//! ```text
//! accept ── room? ── TLS ── first bytes ──► http1 (one request after the other)
//!             │                       └───► http2 (many at once)
//!             └─ no: 503, closed
//! ```
//!
//! Pingora's own accept loop limits neither connections nor the time that a head may take, and nobody
//! learns what it answers by itself.

mod blocked;
mod connection;
mod http1;
mod http2;
mod linger;
mod opening;
mod patience;
mod places;
mod refusal;

mod tls;
mod turn;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pingora::apps::HttpServerApp as _;
use pingora::proxy::HttpProxy;
use pingora::server::configuration::ServerConf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tracing::{debug, warn};
use weir_ledger::{Hop, Rejection};

pub(crate) use http1::KEEP;
pub(crate) use tls::Tls;
pub use tls::TlsError;
pub(crate) use turn::{Phase, Turn};

use crate::config::Limits;
use crate::filter::Gate;
use crate::listen::Bound;
use crate::shared::Shared;
use blocked::Blocked;
use connection::Connection;
use opening::{Opening, Speaks};
use places::{Place, Places};

/// How long nothing is accepted after the system said that it has no room: it says so at once, each
/// time that it is asked.
const OUT_OF_ROOM: Duration = Duration::from_millis(100);

/// How often that is said.
const SAID_AGAIN: Duration = Duration::from_secs(10);

/// The door of one listener.
pub(crate) struct Door {
    listener: Hop,
    shared: Arc<Shared>,
    proxy: Arc<HttpProxy<Gate>>,
    tls: Option<Arc<Tls>>,
    places: Arc<Places>,
    /// As many connections as there are file descriptors for.
    room: usize,
    stopped: watch::Receiver<bool>,
}

impl Door {
    pub(crate) fn new(
        bound: &Bound,
        room: usize,
        shared: &Arc<Shared>,
        conf: ServerConf,
        stopped: watch::Receiver<bool>,
    ) -> Arc<Self> {
        let (listener, tls) = (bound.kind, bound.tls.clone());
        let gate = Gate { listener, shared: Arc::clone(shared) };
        let mut proxy = HttpProxy::new(gate, Arc::new(conf));
        proxy.handle_init_modules();
        let places = Places::new(listener, shared.ledger.clone());
        let shared = Arc::clone(shared);
        Arc::new(Self { listener, shared, proxy: Arc::new(proxy), tls, places, room, stopped })
    }

    /// Takes connections in until it is told to stop; those that are open go on.
    pub(crate) async fn serve(self: Arc<Self>, socket: TcpListener) {
        let mut stopped = self.stopped.clone();
        let mut warned: Option<Instant> = None;
        loop {
            let accepted = tokio::select! {
                biased;
                // An error: nobody is left who could tell it to stop.
                _ = stopped.wait_for(|stopped| *stopped) => break,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((tcp, peer)) => self.admit(tcp, peer),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if warned.is_none_or(|at| at.elapsed() > SAID_AGAIN) {
                        warn!(%error, "No connection can be taken in.");
                        warned = Some(Instant::now());
                    }
                    tokio::time::sleep(OUT_OF_ROOM).await;
                }
            }
        }
        drop(socket);
        // Wakes the connections that wait for a next request.
        self.proxy.http_cleanup().await;
    }

    fn admit(self: &Arc<Self>, tcp: TcpStream, peer: SocketAddr) {
        let limits = self.shared.in_force().limits;
        match self.places.take(limits.connections.min(self.room)) {
            Some(place) => {
                tokio::spawn(Arc::clone(self).welcome(tcp, peer, place, limits));
            }
            None => self.turn_away(tcp),
        }
    }

    /// There is no room: says so where that can be said without a handshake.
    fn turn_away(&self, tcp: TcpStream) {
        let farewell = if self.tls.is_none() { self.places.farewell() } else { None };
        let code = farewell.is_some().then_some(503);
        self.shared.refused_unread(self.listener, Rejection::TooManyConnections, code);
        if let Some(farewell) = farewell {
            tokio::spawn(linger::refuse(tcp, farewell));
        }
    }

    async fn welcome(
        self: Arc<Self>,
        tcp: TcpStream,
        peer: SocketAddr,
        place: Place,
        limits: Limits,
    ) {
        let mut stopped = self.stopped.clone();
        let opening = tokio::select! {
            biased;
            opening = Opening::of(tcp, self.tls.as_deref(), limits) => opening,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        match opening {
            Ok(Some(opening)) => self.speak(opening, peer, place, limits).await,
            // It left without a word.
            Ok(None) => {}
            Err(failed) => {
                debug!(error = %failed.error, "A connection did not come about.");
                let reason = match failed.error.kind() {
                    io::ErrorKind::TimedOut => Rejection::RequestTimeout,
                    _ => Rejection::BadRequest,
                };
                self.shared.refused_unread(self.listener, reason, None);
                if let Some(tcp) = failed.tcp {
                    linger::close(tcp).await;
                }
            }
        }
    }

    async fn speak(
        self: Arc<Self>,
        opening: Opening,
        peer: SocketAddr,
        place: Place,
        limits: Limits,
    ) {
        match opening.speaks {
            Speaks::Http1 => {
                let turn = Turn::of_connection();
                let connection = Connection::new(
                    opening,
                    peer,
                    place,
                    Some((Arc::clone(&turn), limits)),
                    Blocked::default(),
                );
                turn.scope(http1::serve(&self, Box::new(connection), &turn)).await;
            }
            Speaks::Http2 => {
                let blocked = Blocked::default();
                let connection = Connection::new(opening, peer, place, None, blocked.clone());
                Box::pin(http2::serve(&self, Box::new(connection), &blocked, limits)).await;
            }
        }
    }
}

/// Whether the next connection may well be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
