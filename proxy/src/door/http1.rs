//! A connection over HTTP/1: one request after the other.

use std::sync::Arc;

use pingora::apps::HttpServerApp as _;
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use weir_ledger::Rejection;

use super::Door;
use super::turn::Turn;

/// Pingora's word for a connection that may idle without a limit of Pingora's: `Patience` has one.
pub(crate) const KEEP: Option<u64> = Some(0);

pub(super) async fn serve(door: &Arc<Door>, stream: Stream, turn: &Turn) {
    let mut session = ServerSession::new_http1(stream);
    session.set_keepalive(KEEP);
    let mut next = door.proxy.process_new_http(session, &door.stopped).await;
    while let Some((stream, settings)) = next.map(|reused| reused.consume()) {
        let mut session = ServerSession::new_http1(stream);
        if let Some(settings) = settings {
            settings.apply_to_session(&mut session);
        }
        next = door.proxy.process_new_http(session, &door.stopped).await;
    }
    count_what_was_no_request(door, turn);
}

/// What ended the connection before it was a request.
fn count_what_was_no_request(door: &Door, turn: &Turn) {
    let Some(status) = turn.unasked() else { return };
    let reason = match status {
        405 => Rejection::ConnectMethod,
        408 => Rejection::RequestTimeout,
        431 => Rejection::HeadTooLarge,
        _ => Rejection::BadRequest,
    };
    door.shared.refused_unread(door.listener, reason, Some(status));
}
