//! The answer on its way to the client.

use bytes::{Bytes, BytesMut};
use http::{StatusCode, Version, header};
use pingora::http::ResponseHeader;
use pingora::prelude::{Result, Session};
use weir_wire::{Exchange, ResponseHead, listed_models};

use super::context::{Context, Metered};
use super::stall::Stalls;
use super::{forwarded, refusal};

/// Largest list of models that is read.
const LISTING_LIMIT: usize = 1 << 20;

/// The head, as the client gets it.
pub(super) fn head(
    session: &mut Session,
    head: &mut ResponseHeader,
    ctx: &mut Context,
) -> Result<()> {
    if head.status.is_informational() && head.status != StatusCode::SWITCHING_PROTOCOLS {
        ctx.sending.acknowledged = true;
        return Ok(());
    }
    if ctx.listing.is_some()
        && (head.status != 200 || head.headers.contains_key(header::CONTENT_ENCODING))
    {
        ctx.listing = None;
    }
    if refusal::hold(session, head, ctx) {
        return Ok(());
    }
    if let Some(metered) = &mut ctx.metered {
        read_head(metered, head);
        let length = length(head).filter(|_| !metered.exchange.answer_is_stream());
        ctx.stalls = Stalls::of(session, length, ctx.stalled_before, || ctx.started.elapsed());
        if metered.exchange.answer_is_stream()
            && head.remove_header(&header::CONTENT_LENGTH).is_some()
        {
            // Pingora does not flush what has a length, and an event may be taken out of it.
            head.insert_header(header::TRANSFER_ENCODING, "chunked")?;
        }
    }
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        // On a WebSocket silence is no fault; Pingora's limit of 60 s is meant for bodies.
        session.downstream_session.set_read_timeout(None);
    }
    unchunk_for_http_1_0(session, head);
    Ok(())
}

/// A client of HTTP/1.0 knows no chunks: to it the end of the connection is the end of the body.
fn unchunk_for_http_1_0(session: &mut Session, head: &mut ResponseHeader) {
    if session.req_header().version == Version::HTTP_10
        && head.remove_header(&header::TRANSFER_ENCODING).is_some()
    {
        session.set_keepalive(None);
    }
}

/// Length of the answer, if the head tells.
pub(super) fn length(head: &ResponseHeader) -> Option<u64> {
    head.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Shows the head to the meter.
pub(super) fn read_head(metered: &mut Metered, head: &ResponseHeader) {
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    metered.exchange.on_response_head(&ResponseHead {
        status: head.status.as_u16(),
        content_type: text(header::CONTENT_TYPE),
        content_encoding: text(header::CONTENT_ENCODING),
    });
    for (name, value) in &head.headers {
        if Exchange::reads_header(name.as_str())
            && let Ok(value) = value.to_str()
        {
            metered.exchange.on_response_header(name.as_str(), value);
        }
    }
}

/// A piece of the body, as the client gets it.
pub(super) fn body(body: &mut Option<Bytes>, end: bool, ctx: &mut Context) -> Result<()> {
    let now = ctx.now();
    listing(body.as_deref(), end, ctx);
    if refusal::gather(now, body, end, ctx)? {
        return Ok(());
    }
    refusal::overhear(body.as_deref().unwrap_or_default(), end, ctx);
    let Some(metered) = &mut ctx.metered else { return Ok(()) };
    if let Some(stall) = ctx.stalls.at_piece(now) {
        metered.exchange.on_client_stall(stall);
    }
    let piece = body.as_deref().unwrap_or_default();
    let forward = metered.exchange.on_response_body(now, piece);
    forwarded::replace(body, forward);
    if end {
        let held = metered.exchange.on_response_end();
        if !held.is_empty() {
            let mut last = BytesMut::from(body.take().unwrap_or_default());
            last.extend_from_slice(&held);
            *body = Some(last.freeze());
        }
    }
    if let Some(entry) = &mut metered.entry {
        // A request that names no model is counted under the answer's.
        if !entry.is_identified()
            && let Some(model) = metered.exchange.model()
        {
            entry.identify(Some(model));
        }
        // Each time: what waits for the next bytes waits as long as the engine stalls.
        metered.exchange.take_progress(|batch| {
            entry.progress(batch);
            metered.stream.add(batch);
        });
    }
    Ok(())
}

/// A list of models teaches the route its names.
fn listing(piece: Option<&[u8]>, end: bool, ctx: &mut Context) {
    if ctx.listing.is_none() {
        return;
    }
    gather(&mut ctx.listing, piece.unwrap_or_default());
    if end && let (Some(body), Some(route)) = (ctx.listing.take(), &ctx.route) {
        route.series.learn(listed_models(&body));
    }
}

/// Takes in a piece of it; one that is too large is let go.
fn gather(listing: &mut Option<Vec<u8>>, piece: &[u8]) {
    if let Some(body) = listing {
        if body.len() + piece.len() > LISTING_LIMIT {
            *listing = None;
        } else {
            body.extend_from_slice(piece);
        }
    }
}
