//! Before anything is sent: which route, whether to meter, and what to read of the body first.

use std::slice;
use std::sync::Arc;

use bytes::Bytes;
use http::{Version, header};
use pingora::prelude::{Result, Session};
use weir_wire::{Class, Endpoint, RequestHead, UsagePolicy, classify};

use super::coding::Asked;
use super::context::{Context, Metered};
use super::rejection::{self, Rejected};
use super::told::{Header, Told};
use super::{Gate, admit, coding, find_route, hop, limits, no_route, upgrade};
use crate::access_log::request_id;
use crate::door::{KEEP, Phase};
use crate::route::Route;
use crate::table::{ByPath, NoRoute};

/// What Pingora can send again; a larger body is never held.
pub(super) const REPLAYABLE: usize = 64 << 10;

/// Returns whether the request has been answered already.
pub(super) async fn request(gate: &Gate, session: &mut Session, ctx: &mut Context) -> Result<bool> {
    ctx.told = Told::by(session.req_header());
    hop::read(gate.listener, &session.req_header().headers, ctx);
    if ctx.told.has(Header::RequestId) {
        ctx.request_id = request_id(&session.req_header().headers);
    }
    // What a client sends behind its request is the next one; it must not break off this one.
    session.downstream_session.set_pipelining_enabled(true);
    leave_time_to_the_door(session);
    spare_http_1_0(session);
    if ctx.told.has(Header::Upgrade) {
        upgrade::drop_useless(session, ctx.told);
        ctx.sending.upgrade = upgrade::asks_for_websocket(session);
    }
    take_turn(session, ctx);
    let written = path(session);
    let length = content_length(session, ctx.told);
    ctx.sending.length = length;
    ctx.sending.large = length.is_none_or(|length| length > REPLAYABLE) && has_body(session);
    let in_force = Arc::clone(&ctx.in_force);
    let table = in_force.table(gate.listener);
    let by_path = table.by_path(&written);
    // Path and query behind the route's prefix, as the upstream gets them.
    let target = match &by_path {
        ByPath::Prefix(_, rest) | ByPath::Gone(rest) => ctx.target.insert(rest.clone()).clone(),
        ByPath::Alone(_) | ByPath::Unknown => written,
    };
    ctx.class = class_of(session, ctx, &target);
    let routes = match &by_path {
        ByPath::Alone(route) | ByPath::Prefix(route, _) => slice::from_ref(route),
        ByPath::Gone(_) | ByPath::Unknown => table.routes(),
    };
    if let ByPath::Alone(route) | ByPath::Prefix(route, _) = &by_path {
        ctx.route = Some(Arc::clone(route));
    }
    if let Some(rejected) = unwanted(session, ctx, &target, routes) {
        return rejection::refuse(session, ctx, &rejected).await;
    }
    let (route, early) = match by_path {
        ByPath::Alone(route) | ByPath::Prefix(route, _) => (Ok(route), Bytes::new()),
        ByPath::Gone(_) => (Err(NoRoute::Gone), Bytes::new()),
        ByPath::Unknown => {
            // Until its route is found, it is a request without one, should it end there.
            rejection::begin(ctx);
            let found = find_route::by_model(session, ctx, &target, table, length).await?;
            (found.route, found.early)
        }
    };
    let route = match route {
        Ok(route) => route,
        Err(why) => {
            return rejection::refuse(session, ctx, &no_route::rejected(table, why)).await;
        }
    };
    ctx.route = Some(Arc::clone(&route));
    if let Some(rejected) = admit::refused_by(&route, ctx) {
        return rejection::refuse(session, ctx, &rejected).await;
    }
    pass(session, ctx, &route, &target, early).await?;
    Ok(false)
}

/// It goes on to the route's upstream.
async fn pass(
    session: &mut Session,
    ctx: &mut Context,
    route: &Arc<Route>,
    target: &str,
    early: Bytes,
) -> Result<()> {
    if route.config.allow_half_close {
        session.downstream_session.set_abort_on_close(false);
    }
    if let Class::Llm(endpoint) = ctx.class {
        return meter(session, ctx, route, endpoint, target, early).await;
    }
    route.series.passthrough();
    if ctx.class == Class::ModelList {
        ctx.listing = Some(Vec::new());
    }
    if session.as_ref().retry_buffer_truncated() {
        ctx.sending.beginning = Some(early);
    }
    Ok(())
}

/// Path and query, as the client wrote them.
fn path(session: &Session) -> String {
    let path = session.req_header().raw_path();
    match str::from_utf8(path) {
        Ok(path) => path.to_owned(),
        Err(_) => String::from_utf8_lossy(path).into_owned(),
    }
}

fn class_of(session: &Session, ctx: &Context, target: &str) -> Class {
    match classify(session.req_header().method.as_str(), target) {
        // A page by that name.
        Class::Llm(Endpoint::Realtime) if !ctx.sending.upgrade => Class::Passthrough,
        class => class,
    }
}

/// Why the request goes no further, told from its head. A stranger is told so, and not what the limits
/// are.
fn unwanted(
    session: &mut Session,
    ctx: &mut Context,
    target: &str,
    routes: &[Arc<Route>],
) -> Option<Rejected> {
    admit::refused(session, ctx, target, routes)
        .or_else(|| limits::exceeded(session, ctx).map(Rejected::of))
}

/// A client of HTTP/1.0 would take an informational answer for the answer (RFC 9110, 15.2).
fn spare_http_1_0(session: &mut Session) {
    if session.req_header().version == Version::HTTP_10 {
        session.downstream_session.set_ignore_info_resp(true);
    }
}

/// The door limits how long a client is waited for, and how long a connection may idle; Pingora would
/// do so by other rules.
fn leave_time_to_the_door(session: &mut Session) {
    session.set_read_timeout(None);
    // None: it will be closed, as the client wants it, or because of a drain.
    if session.get_keepalive().is_some() {
        session.set_keepalive(KEEP);
    }
}

/// Tells the door whether anything more of the request is to come.
fn take_turn(session: &mut Session, ctx: &mut Context) {
    if let Some(unread) = ctx.in_force.limits.unread {
        session.set_write_timeout(Some(unread));
    }
    if ctx.sending.upgrade || session.is_body_done() {
        ctx.request_has_come();
    } else if let Some(turn) = &ctx.turn {
        turn.set(Phase::Body);
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
    let head = request_head(session, ctx.told, endpoint, target);
    let mut policy = route.policy();
    let asked = coding::asked(&session.req_header().headers, ctx);
    ctx.sending.asked = Some(asked);
    if asked == Asked::AsWritten {
        // An event can't be taken out of a compressed stream again.
        policy.usage = UsagePolicy::Observe;
    }
    if endpoint != Endpoint::Realtime {
        hop::begin(route, ctx);
    }
    let entry = route.series.begin(endpoint);
    let metered = ctx.metered.insert(Metered::begin(&head, policy, entry));
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
    begin_reading(session, ctx).await?;
    if let Some(metered) = &mut ctx.metered {
        metered.read_all(session, early).await?;
        metered.identify();
        ctx.sending.read = true;
    }
    Ok(())
}

impl Metered {
    /// Reads a body that is known to be small, behind what was read of it `early`. Pingora keeps what is read and will
    /// send it.
    async fn read_all(&mut self, session: &mut Session, early: Bytes) -> Result<()> {
        let mut piece = Some(early);
        // There may be none though it is not done: behind a body of HTTP/2 trailers may come.
        while let Some(read) = piece.as_deref().filter(|_| !session.is_body_done()) {
            let _kept = self.exchange.on_request_body(read, false);
            piece = session.read_request_body().await?;
        }
        let _kept = self.exchange.on_request_body(&piece.unwrap_or_default(), true);
        Ok(())
    }

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

/// What the meter needs of the head.
pub(super) fn request_head<'a>(
    session: &'a Session,
    told: Told,
    endpoint: Endpoint,
    target: &'a str,
) -> RequestHead<'a> {
    let text = |name| session.get_header(name).and_then(|value| value.to_str().ok());
    RequestHead {
        endpoint,
        target,
        content_type: text(header::CONTENT_TYPE),
        content_encoding: told
            .has(Header::ContentEncoding)
            .then(|| text(header::CONTENT_ENCODING))
            .flatten(),
    }
}

/// Keeps what is read, so that Pingora sends it; a client that waits for `100 Continue` gets it.
pub(super) async fn begin_reading(session: &mut Session, ctx: &mut Context) -> Result<()> {
    session.as_mut().enable_retry_buffering();
    if ctx.told.has(Header::Expect) && !ctx.sending.continued {
        ctx.sending.continued = true;
        session.downstream_session.write_continue_response().await?;
    }
    Ok(())
}

pub(super) fn content_length(session: &Session, told: Told) -> Option<usize> {
    if told.has(Header::TransferEncoding) {
        return None;
    }
    match session.get_header(header::CONTENT_LENGTH) {
        // HTTP/2 need not tell.
        None => (session.req_header().version != Version::HTTP_2).then_some(0),
        Some(length) => length.to_str().ok()?.trim().parse().ok(),
    }
}

/// Whether a body follows, as far as the head tells.
pub(super) fn has_body(session: &mut Session) -> bool {
    !session.is_body_empty()
}
