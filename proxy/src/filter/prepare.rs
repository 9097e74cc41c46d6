//! Before anything is sent: which route, whether to meter, and what to read of the body first.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{Version, header};
use pingora::prelude::{Result, Session};
use weir_ledger::{Hop, Route as Series};
use weir_wire::{Class, End, Endpoint, Exchange, Policy, RequestHead, UsagePolicy, classify};

use super::Gate;
use super::answer;
use super::coding;
use super::context::{Context, Metered};
use super::find_route;
use crate::route::Route;
use crate::table::ByPath;

/// What Pingora can send again; a larger body is never held.
pub(super) const REPLAYABLE: usize = 64 << 10;

/// How long a connection may stay open between two requests, in seconds.
const IDLE_SECONDS: u64 = 75;

/// Returns whether the request has been answered already.
pub(super) async fn request(gate: &Gate, session: &mut Session, ctx: &mut Context) -> Result<bool> {
    // What a client sends behind its request is the next one; it must not break off this one.
    session.downstream_session.set_pipelining_enabled(true);
    limit_idling(session);
    spare_http_1_0(session);
    drop_unconnected_upgrade(session);
    ctx.sending.upgrade = asks_for_websocket(session);
    let written = String::from_utf8_lossy(session.req_header().raw_path()).into_owned();
    let length = content_length(session);
    ctx.sending.large = length.is_none_or(|length| length > REPLAYABLE) && has_body(session);
    let table = gate.shared.table(gate.listener);
    let by_path = table.by_path(&written);
    // Path and query behind the route's prefix, as the upstream gets them.
    let target = match &by_path {
        ByPath::Prefix(_, rest) => ctx.target.insert(rest.clone()).clone(),
        ByPath::Alone(_) | ByPath::Unknown => written,
    };
    let method = session.req_header().method.as_str();
    let class = match classify(method, &target) {
        // A page by that name.
        Class::Llm(Endpoint::Realtime) if !ctx.sending.upgrade => Class::Passthrough,
        class => class,
    };
    ctx.class = class;
    let (route, early) = match by_path {
        ByPath::Alone(route) | ByPath::Prefix(route, _) => (Some(route), Bytes::new()),
        ByPath::Unknown => {
            // Until its route is found, it is a request without one, should it end there.
            begin_unrouted(gate, ctx, class);
            find_route::by_model(session, ctx, class, &target, &table, length).await?
        }
    };
    let Some(route) = route.filter(|_| !is_lost(session)) else {
        return unrouted(gate, session, ctx, class, &table.prefixes()).await;
    };
    if route.config.allow_half_close {
        session.downstream_session.set_abort_on_close(false);
    }
    ctx.route = Some(Arc::clone(&route));
    match class {
        Class::Llm(endpoint) => meter(session, ctx, &route, endpoint, &target, early).await?,
        Class::ModelList | Class::Passthrough => {
            route.series.passthrough();
            if class == Class::ModelList {
                ctx.listing = Some(Vec::new());
            }
            if session.as_ref().retry_buffer_truncated() {
                ctx.sending.beginning = Some(early);
            }
        }
    }
    Ok(false)
}

/// A client of HTTP/1.0 would take an informational answer for the answer (RFC 9110, 15.2).
fn spare_http_1_0(session: &mut Session) {
    if session.req_header().version == Version::HTTP_10 {
        session.downstream_session.set_ignore_info_resp(true);
    }
}

/// Closes a connection on which no further request comes. Pingora's own limit is none.
fn limit_idling(session: &mut Session) {
    // None: it will be closed, as the client wants it, or because of a drain.
    if session.get_keepalive().is_some() {
        session.set_keepalive(Some(IDLE_SECONDS));
    }
}

/// Begins to meter, and reads the whole body first where Weir may add to it and it is small.
async fn meter(
    session: &mut Session,
    ctx: &mut Context,
    route: &Arc<Route>,
    endpoint: Endpoint,
    target: &str,
    early: Bytes,
) -> Result<()> {
    let head = request_head(session, endpoint, target);
    let mut policy = route.policy();
    if coding::goes_on(&session.req_header().headers, ctx) {
        // An event can't be taken out of a compressed stream again.
        policy.usage = UsagePolicy::Observe;
    }
    let exchange = Exchange::new(&head, policy);
    let metered = ctx.metered.insert(Metered::new(exchange, route.series.begin(endpoint)));
    if endpoint == Endpoint::Realtime {
        // What comes behind the head are frames, which belong to no request's body.
        let _empty = metered.exchange.on_request_body(&[], true);
        metered.identify();
        return Ok(());
    }
    if session.as_ref().retry_buffer_truncated() {
        ctx.sending.beginning = Some(early);
        return Ok(());
    }
    if !metered.exchange.may_grow() || ctx.sending.large {
        return Ok(());
    }
    let body = read_all(session, ctx, early).await?;
    if let Some(metered) = &mut ctx.metered {
        let forward = metered.exchange.on_request_body(&body, true);
        metered.identify();
        ctx.sending.whole = Some(Bytes::copy_from_slice(forward.bytes(&body)));
        ctx.sending.original = Some(body);
    }
    Ok(())
}

impl Metered {
    /// The body has ended: the model, if the request names one, is fixed.
    pub(super) fn identify(&mut self) {
        if let Some(entry) = &mut self.entry {
            entry.speaks(self.exchange.endpoint());
        }
        if let (Some(entry), Some(model)) = (&mut self.entry, self.exchange.model()) {
            entry.identify(Some(model));
        }
    }

    /// The client of a WebSocket has spoken: the first message names the model, or none does.
    pub(super) fn identify_session(&mut self) {
        let model = self.exchange.model();
        if let Some(entry) = &mut self.entry
            && (model.is_some() || self.exchange.client_has_spoken())
        {
            entry.identify(model);
        }
    }
}

/// Reads a body that is known to be small. Pingora keeps what is read and will send it.
async fn read_all(session: &mut Session, ctx: &mut Context, early: Bytes) -> Result<Bytes> {
    let mut body = BytesMut::from(early);
    begin_reading(session, ctx).await?;
    while !session.is_body_done() {
        match session.read_request_body().await? {
            Some(piece) => body.extend_from_slice(&piece),
            None => break,
        }
    }
    Ok(body.freeze())
}

/// What the meter needs of the head.
pub(super) fn request_head<'a>(
    session: &'a Session,
    endpoint: Endpoint,
    target: &'a str,
) -> RequestHead<'a> {
    let text = |name| session.get_header(name).and_then(|value| value.to_str().ok());
    RequestHead {
        endpoint,
        target,
        content_type: text(header::CONTENT_TYPE),
        content_encoding: text(header::CONTENT_ENCODING),
    }
}

/// An `upgrade` that `connection` does not name is not meant for the next hop (RFC 9110, 7.8), and a
/// server ignores it; Pingora would upgrade.
fn drop_unconnected_upgrade(session: &mut Session) {
    let head = session.req_header_mut();
    let options = head.headers.get_all(header::CONNECTION).iter();
    let mut options = options.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(','));
    let is_named = options.any(|option| option.trim().eq_ignore_ascii_case("upgrade"));
    if !is_named {
        head.remove_header(&header::UPGRADE);
    }
}

fn asks_for_websocket(session: &Session) -> bool {
    let upgrade = session.get_header(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|upgrade| upgrade.trim().eq_ignore_ascii_case("websocket"))
}

/// Keeps what is read, so that Pingora sends it; a client that waits for `100 Continue` gets it.
pub(super) async fn begin_reading(session: &mut Session, ctx: &mut Context) -> Result<()> {
    session.as_mut().enable_retry_buffering();
    let expects = session.get_header(header::EXPECT).is_some();
    if expects && !ctx.sending.continued {
        ctx.sending.continued = true;
        session.downstream_session.write_continue_response().await?;
    }
    Ok(())
}

/// A body was read to its end that Pingora can't send on any more.
fn is_lost(session: &mut Session) -> bool {
    session.as_ref().retry_buffer_truncated() && session.is_body_done()
}

fn content_length(session: &Session) -> Option<usize> {
    if session.get_header(header::TRANSFER_ENCODING).is_some() {
        return None;
    }
    match session.get_header(header::CONTENT_LENGTH) {
        None => Some(0),
        Some(length) => length.to_str().ok()?.trim().parse().ok(),
    }
}

pub(super) fn has_body(session: &Session) -> bool {
    content_length(session) != Some(0)
}

/// Begins to meter a request that has no route, or none yet.
fn begin_unrouted(gate: &Gate, ctx: &mut Context, class: Class) {
    if let Class::Llm(endpoint) = class {
        let exchange = Exchange::new(&RequestHead::json(endpoint), Policy::observe());
        ctx.metered = Some(Metered::new(exchange, unrouted_series(gate).begin(endpoint)));
    }
}

fn unrouted_series(gate: &Gate) -> &Series {
    match gate.listener {
        Hop::Edge => &gate.shared.unrouted_edge,
        Hop::Engine => &gate.shared.unrouted_engine,
    }
}

/// No route takes the request: says which there are.
async fn unrouted(
    gate: &Gate,
    session: &mut Session,
    ctx: &mut Context,
    class: Class,
    prefixes: &str,
) -> Result<bool> {
    if !matches!(class, Class::Llm(_)) {
        unrouted_series(gate).passthrough();
    }
    ctx.end = Some(End::Rejected);
    let message = if prefixes.is_empty() {
        "Weir has no route here any more.".to_owned()
    } else {
        format!(
            "Weir has several routes here and can't tell which one this request is for. Begin the \
             path with one of {prefixes} or name a model that exactly one of them serves."
        )
    };
    answer::send(session, class, 404, "no_route", &message).await?;
    Ok(true)
}
