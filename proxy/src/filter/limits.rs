//! Whether a request is within the limits on clients.

use http::header;
use pingora::prelude::{Error, ErrorType, Result, Session};
use weir_ledger::Rejection;
use weir_wire::End;

use super::context::Context;
use crate::config::Limits;

/// Why the request may not be passed on, told from its head.
pub(super) fn exceeded(session: &Session, ctx: &Context) -> Option<Rejection> {
    let Limits { requests, head, body, .. } = ctx.in_force.limits;
    if ctx.shared.in_flight() > requests {
        return Some(Rejection::TooManyRequests);
    }
    if ctx.told.bytes > head {
        return Some(Rejection::HeadTooLarge);
    }
    if let Some(length) = ctx.sending.length {
        return (length as u64 > body).then_some(Rejection::BodyTooLarge);
    }
    let length = session.get_header(header::CONTENT_LENGTH)?.to_str().ok()?.trim();
    let is_too_large = match length.parse::<u64>() {
        Ok(length) => length > body,
        // More digits than the number of bytes on earth.
        Err(_) => length.len() > 20 && length.bytes().all(|byte| byte.is_ascii_digit()),
    };
    is_too_large.then_some(Rejection::BodyTooLarge)
}

/// Counts a piece of the body, of which the length was not told.
pub(super) fn count(piece: &[u8], ctx: &mut Context) -> Result<()> {
    ctx.body_bytes += piece.len() as u64;
    ctx.body_pieces += 1;
    if ctx.body_bytes <= ctx.in_force.limits.body {
        return Ok(());
    }
    ctx.end.get_or_insert(End::Rejected);
    ctx.rejection.get_or_insert(Rejection::BodyTooLarge);
    Err(Error::explain(ErrorType::HTTPStatus(413), "a body over the limit").into_down())
}
