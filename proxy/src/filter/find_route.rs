//! Which route of several takes a request whose path names none: the one that serves its model.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use pingora::prelude::{Result, Session};
use weir_wire::{Class, Endpoint, Exchange, Policy, RequestHead};

use super::context::Context;
use super::prepare::{REPLAYABLE, begin_reading, has_body, request_head};
use crate::route::Route;
use crate::table::Table;

/// Finds the route by the model that the head names, or else the body, of which as much is read as it
/// takes, at most what can be sent again.
pub(super) async fn by_model(
    session: &mut Session,
    ctx: &mut Context,
    target: &str,
    table: &Table,
    length: Option<usize>,
) -> Result<(Option<Arc<Route>>, Bytes)> {
    let mut body = BytesMut::new();
    let endpoint = if let Class::Llm(endpoint) = ctx.class { endpoint } else { Endpoint::Other };
    let has_body = has_body(session);
    let head = request_head(session, endpoint, target);
    let by_head = head.model().and_then(|model| table.by_model(&model));
    if by_head.is_some() || !has_body {
        return Ok((by_head, Bytes::new()));
    }
    let mut peek = Exchange::new(&RequestHead { target: "", ..head }, Policy::observe());
    begin_reading(session, ctx).await?;
    loop {
        // Pingora sends on what it can hold; a large body must not end while it is peeked at.
        let left = length.map_or(usize::MAX, |length| length.saturating_sub(body.len()));
        let may_end = ctx.sending.large && left <= REPLAYABLE && !body.is_empty();
        let has_model = peek.model_so_far().is_some();
        if has_model || may_end || body.len() >= REPLAYABLE || session.is_body_done() {
            break;
        }
        let Some(piece) = session.read_request_body().await? else { break };
        let _observed = peek.on_request_body(&piece, false);
        body.extend_from_slice(&piece);
    }
    let route = peek.model_so_far().and_then(|model| table.by_model(&model));
    Ok((route, body.freeze()))
}
