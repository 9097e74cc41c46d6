//! A connection over HTTP/2: many requests at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pingora::apps::HttpServerApp as _;
use pingora::prelude::Error;
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::{H2Accept, HttpSession, default_h2_options, handshake};
use pingora::protocols::{Digest, Stream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::debug;
use weir_ledger::Rejection;

use super::Door;
use super::blocked::Blocked;
use super::turn::{Phase, Turn};
use crate::config::Limits;
use crate::shared::Unsent;

/// Requests that are none, after which the connection is given up.
const MALFORMED: usize = 32;

/// Requests of one connection at once. More streams than this are never open; but requests whose
/// streams were reset may take a while to notice.
const REQUESTS: usize = 256;

/// The most that the h2 library adds to each header when it counts (RFC 9113, 6.5.2), for as many as may
/// be: what is too large is to be refused in words, and not by the library.
const COUNTED_ON_TOP: usize = 256 * 64;

/// What the h2 library holds of an answer that its client does not take.
const HELD: usize = 64 << 10;

/// How long a client may take no byte of what is left of its answers, where no limit is configured: over
/// HTTP/2 that is held by Weir.
const UNREAD: Duration = Duration::from_secs(15 * 60);

/// How long a client has to close the connection once it was told to.
const GOODBYE: Duration = Duration::from_secs(2);

type H2 = h2::server::Connection<Stream, Bytes>;

pub(super) async fn serve(door: &Arc<Door>, stream: Stream, blocked: &Blocked, limits: Limits) {
    let digest = Arc::new(Digest {
        ssl_digest: stream.get_ssl_digest(),
        timing_digest: stream.get_timing_digest(),
        proxy_digest: stream.get_proxy_digest(),
        socket_digest: stream.get_socket_digest(),
    });
    let mut options = default_h2_options();
    let head = limits.head.saturating_add(COUNTED_ON_TOP);
    options.max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX));
    options.max_send_buffer_size(HELD);
    let shaking = tokio::time::timeout(limits.head_timeout, handshake(stream, Some(options)));
    match shaking.await {
        Ok(Ok(connection)) => {
            let requests = JoinSet::new();
            let stuck = Stuck { blocked, progress: 0, since: Instant::now() };
            let guests =
                Guests { door, stuck, limits, digest, requests, unsent: None, malformed: 0 };
            guests.serve(connection).await;
        }
        Ok(Err(error)) => count_if_broken(door, &error),
        Err(_) => door.shared.refused_unread(door.listener, Rejection::RequestTimeout, None),
    }
}

/// The requests of one connection.
struct Guests<'a> {
    door: &'a Arc<Door>,
    stuck: Stuck<'a>,
    limits: Limits,
    digest: Arc<Digest>,
    requests: JoinSet<()>,
    /// There while answers may not have been sent to their end.
    unsent: Option<Unsent>,
    malformed: usize,
}

impl Guests<'_> {
    async fn serve(mut self, mut connection: H2) {
        let mut stopped = self.door.stopped.clone();
        let (mut is_stopping, mut is_closing) = (false, false);
        loop {
            let is_quiet = self.requests.is_empty();
            if is_stopping && is_quiet && !is_closing {
                // Not before: Python's h2 takes a GOAWAY for the end of what is under way.
                is_closing = true;
                connection.graceful_shutdown();
            }
            let patience = if is_closing { GOODBYE } else { self.limits.idle };
            let accepted = tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped), if !is_stopping => {
                    is_stopping = true;
                    continue;
                }
                // What has ended is let go.
                Some(_) = self.requests.join_next() => continue,
                // This drives all of the connection, writing included.
                accepted = HttpSession::from_h2_conn(&mut connection, Arc::clone(&self.digest)) => accepted,
                // Behind that, so that it sees what came of the writing. While the connection is being
                // closed, the client is to have all of it.
                () = self.stuck.blocked.over(), if is_quiet && !is_closing && self.unsent.is_some() => {
                    self.unsent = None;
                    continue;
                }
                () = tokio::time::sleep(patience), if is_quiet => {
                    if self.stuck.blocked.is() {
                        // It reads slowly, which is no idling; or not at all.
                        if self.stuck.for_as_long_as(self.limits.unread.unwrap_or(UNREAD)) {
                            break;
                        }
                        continue;
                    }
                    if is_closing {
                        break;
                    }
                    is_closing = true;
                    connection.graceful_shutdown();
                    continue;
                }
            };
            match accepted {
                Ok(Some(H2Accept::Session(session))) => self.welcome(session, is_stopping),
                Ok(Some(H2Accept::Rejected)) => {
                    self.refused(Rejection::BadRequest);
                    self.malformed += 1;
                    if self.malformed == MALFORMED {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    count_if_broken(self.door, &error);
                    break;
                }
            }
        }
        // Those that are under way find out by themselves that their client has left.
        self.requests.detach_all();
    }

    fn welcome(&mut self, mut session: HttpSession, is_stopping: bool) {
        if is_stopping || self.requests.len() >= REQUESTS {
            // It may be sent again: nothing was done for it.
            session.shutdown_with_reason(h2::Reason::REFUSED_STREAM);
            if !is_stopping {
                self.refused(Rejection::TooManyRequests);
            }
            return;
        }
        self.unsent.get_or_insert_with(|| Unsent::begin(&self.door.shared));
        self.requests.spawn(request(Arc::clone(self.door), session, self.limits.body_timeout));
    }

    fn refused(&self, reason: Rejection) {
        self.door.shared.refused_unread(self.door.listener, reason, None);
    }
}

/// How long a client has taken no byte.
struct Stuck<'a> {
    blocked: &'a Blocked,
    progress: u64,
    since: Instant,
}

impl Stuck<'_> {
    fn for_as_long_as(&mut self, limit: Duration) -> bool {
        let progress = self.blocked.progress();
        if progress != self.progress {
            *self = Self { progress, since: Instant::now(), ..*self };
        }
        self.since.elapsed() >= limit
    }
}

fn count_if_broken(door: &Door, error: &Error) {
    debug!(kind = error.etype().as_str(), "A connection over HTTP/2 broke off.");
    if broke_the_protocol(error) {
        door.shared.refused_unread(door.listener, Rejection::BadRequest, None);
    }
}

/// Whether it is more than a client that left.
fn broke_the_protocol(error: &Error) -> bool {
    let cause = error.root_cause().downcast_ref::<h2::Error>();
    cause.is_some_and(|cause| cause.is_library() && cause.is_go_away())
}

/// Serves one stream; resets it if its body does not come in time.
async fn request(door: Arc<Door>, session: HttpSession, body_timeout: Duration) {
    let turn = Turn::of_stream();
    let session = ServerSession::new_http2(session);
    let serving = turn.scope(door.proxy.process_new_http(session, &door.stopped));
    tokio::select! {
        biased;
        _ = serving => {}
        () = turn.overdue(body_timeout) => {}
    }
    if turn.phase() == Phase::Head {
        // The one thing that Pingora answers by itself here.
        door.shared.refused_unread(door.listener, Rejection::ConnectMethod, Some(405));
    }
}
