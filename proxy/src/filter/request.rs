//! The request on its way to the upstream.

use std::os::fd::RawFd;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, header};
use pingora::http::RequestHeader;
use pingora::prelude::{Error, ErrorType, HttpPeer, Result};
use weir_wire::{Class, End, Endpoint, Exchange};

use super::coding::{self, Asked};
use super::context::{Context, NextTry};
use super::told::Header;
use super::{forwarded, hop, limits};
use crate::trace_context::TRACESTATE;

/// Where to send it.
pub(super) async fn peer(ctx: &mut Context) -> Result<Box<HttpPeer>> {
    let Some(route) = &ctx.route else {
        return Err(Error::explain(ErrorType::InternalError, "a request without a route"));
    };
    let begun = Instant::now();
    let connection = ctx.sending.connection();
    let upstream = &route.config.upstream;
    let peer = upstream.peer(connection, ctx.in_force.connect_timeout).await.map_err(|error| {
        let what = format!("looking up the address of {}", upstream.url());
        Error::because(ErrorType::ConnectNoRoute, what, error).into_up()
    })?;
    if ctx.sending.next != NextTry::First {
        route.series.retried();
        if let Some(metered) = &mut ctx.metered {
            metered.exchange.restart();
        }
    }
    if ctx.sending.next == NextTry::AsWritten
        && let Some(metered) = &mut ctx.metered
    {
        metered.exchange.forget_usage_request();
    }
    ctx.sending.attempts += 1;
    (ctx.body_bytes, ctx.body_pieces) = (0, 0);
    ctx.sending.sent = None;
    ctx.sending.connecting_since = Some(begun);
    Ok(peer)
}

/// There is a connection.
pub(super) fn connected(ctx: &mut Context, reused: bool, socket: RawFd) {
    ctx.sending.socket = Some(socket);
    if !ctx.sending.upgrade {
        ctx.hold_back();
    }
    let since = ctx.sending.connecting_since.take().filter(|_| !reused);
    if let (Some(metered), Some(since)) = (&mut ctx.metered, since) {
        metered.exchange.on_connected(since.elapsed());
    }
}

/// The head, as the upstream gets it.
pub(super) fn head(head: &mut RequestHeader, ctx: &mut Context) -> Result<()> {
    let Some(route) = &ctx.route else { return Ok(()) };
    if let Some(target) = &ctx.target {
        head.set_raw_path(target.as_bytes())?;
    }
    if let Some(host) = route.config.upstream.host_header() {
        head.insert_header(header::HOST, host)?;
    } else if !head.headers.contains_key(header::HOST) {
        // HTTP/1.0 needs none; HTTP/1.1, in which it goes on, does.
        let url = route.config.upstream.url();
        head.insert_header(header::HOST, url.split_once("://").map_or(url, |(_, host)| host))?;
    }
    // Of what runs no model there is no span, so whoever is its parent stays it.
    if ctx.metered.is_some() {
        if ctx.trace.parent.is_none() && ctx.told.has(Header::Tracestate) {
            // It belongs to a trace that can't be read.
            head.remove_header(&TRACESTATE);
        }
        head.insert_header("traceparent", &ctx.trace.traceparent()[..])?;
    }
    hop::mark(head, route, ctx)?;
    let asked = ctx.sending.asked.unwrap_or_else(|| coding::asked(&head.headers, ctx));
    if asked == Asked::Replaced {
        head.insert_header("accept-encoding", HeaderValue::from_static("identity"))?;
    }
    // Its one extension compresses messages, which could not be read then.
    let is_realtime = ctx.class == Class::Llm(Endpoint::Realtime);
    if is_realtime && !route.config.pass_accept_encoding {
        head.remove_header(&header::SEC_WEBSOCKET_EXTENSIONS);
    }
    if ctx.sending.continued {
        head.remove_header(&header::EXPECT);
    }
    if let Some(metered) = &ctx.metered {
        tell_length(head, &metered.exchange, ctx.sending.length)?;
    }
    let started = ctx.started;
    if let Some(metered) = ctx.metered.as_mut().filter(|_| is_realtime) {
        metered.exchange.on_request_sent(started.elapsed());
    }
    Ok(())
}

/// Corrects the length of a body to which Weir adds.
fn tell_length(head: &mut RequestHeader, exchange: &Exchange, length: Option<usize>) -> Result<()> {
    if exchange.may_grow() {
        // How long it will be is only known at its end: Pingora sends it chunked.
        head.remove_header(&header::CONTENT_LENGTH);
    } else if let (Some(addition), Some(length)) = (exchange.addition(), length) {
        head.insert_header(header::CONTENT_LENGTH, length + addition.bytes.len())?;
    }
    Ok(())
}

/// A piece of the body, as the upstream gets it.
pub(super) fn body(body: &mut Option<Bytes>, end: bool, ctx: &mut Context) -> Result<()> {
    metered_body(body, end, ctx)?;
    if end && body.as_ref().is_some_and(Bytes::is_empty) {
        // Pingora would write an empty chunk, and the end, which is one, behind it.
        *body = None;
    }
    Ok(())
}

fn metered_body(body: &mut Option<Bytes>, end: bool, ctx: &mut Context) -> Result<()> {
    let now = ctx.now();
    if !ctx.sending.upgrade {
        limits::count(body.as_deref().unwrap_or_default(), ctx)?;
    }
    if end {
        ctx.request_has_come();
    }
    if let Some(beginning) = ctx.sending.beginning.take() {
        *body = Some(joined(beginning, body.take()));
    }
    if end {
        ctx.sending.sent = Some(now);
    }
    let Some(metered) = &mut ctx.metered else { return Ok(()) };
    if metered.exchange.is_upgraded() {
        metered.exchange.on_client_frames(body.as_deref().unwrap_or_default());
        metered.identify_session();
        if end && !metered.exchange.answer_has_ended() {
            ctx.end.get_or_insert(End::ClientClosed);
        }
        return Ok(());
    }
    if ctx.sending.read {
        // It comes in one piece, from what Pingora keeps.
        if let (Some(whole), Some(addition)) = (body.as_mut(), metered.exchange.addition()) {
            *whole = forwarded::add(whole, addition);
        }
    } else {
        let piece = body.as_deref().unwrap_or_default();
        let forward = metered.exchange.on_request_body(piece, end);
        forwarded::replace(body, forward);
        if end {
            metered.identify();
        }
    }
    if end {
        metered.exchange.on_request_sent(now);
    }
    Ok(())
}

/// Both, one behind the other.
pub(super) fn joined(beginning: Bytes, rest: Option<Bytes>) -> Bytes {
    let rest = rest.unwrap_or_default();
    let mut whole = BytesMut::with_capacity(beginning.len() + rest.len());
    whole.extend_from_slice(&beginning);
    whole.extend_from_slice(&rest);
    whole.freeze()
}
