//! Which route of several takes a request whose path names none: the one that serves its model, or the
//! only one.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use pingora::prelude::{Result, Session};
use weir_wire::{Class, Endpoint, Exchange, Policy, RequestHead};

use super::context::Context;
use super::prepare::{REPLAYABLE, begin_reading, has_body, request_head};
use crate::route::Route;
use crate::table::{NoRoute, Table};

/// What was found.
pub(super) struct Found {
    pub(super) route: Result<Arc<Route>, NoRoute>,
    /// What was read of the body for it.
    pub(super) early: Bytes,
}

/// Finds the route by the model that the head names, or else the body, of which as much is read as it
/// takes, at most what can be sent again.
pub(super) async fn by_model(
    session: &mut Session,
    ctx: &mut Context,
    target: &str,
    table: &Table,
    length: Option<usize>,
) -> Result<Found> {
    if table.routes().is_empty() {
        return Ok(Found { route: Err(table.why_none(None)), early: Bytes::new() });
    }
    let mut body = BytesMut::new();
    let endpoint = if let Class::Llm(endpoint) = ctx.class { endpoint } else { Endpoint::Other };
    let has_body = has_body(session);
    let head = request_head(session, ctx.told, endpoint, target);
    let named = head.model();
    let by_head = named.as_deref().and_then(|model| table.by_model(model));
    if let Some(route) = by_head {
        return Ok(Found { route: Ok(route), early: Bytes::new() });
    }
    if !has_body {
        return Ok(Found { route: decided(table, named.as_deref()), early: Bytes::new() });
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
    // A body that was read to its end and is too large to be sent on is lost.
    let is_lost = session.as_ref().retry_buffer_truncated() && session.is_body_done();
    let route = match is_lost {
        true => Err(NoRoute::Unclear),
        false => decided(table, peek.model_so_far().as_deref().or(named.as_deref())),
    };
    Ok(Found { route, early: body.freeze() })
}

/// The route of a request for this model, or why there is none.
fn decided(table: &Table, model: Option<&str>) -> Result<Arc<Route>, NoRoute> {
    let found = model.and_then(|model| table.by_model(model));
    found.or_else(|| table.by_default(model)).ok_or_else(|| table.why_none(model))
}
