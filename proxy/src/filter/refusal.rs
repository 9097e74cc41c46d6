//! An upstream may refuse the `stream_options` that Weir adds. Then the client must not see that
//! refusal: the request is sent once more, as it was written, and the route observes from then on.
//!
//! Pingora writes the head of an answer before its body can be looked at. A head that may be a
//! refusal is therefore turned into an informational one, which Pingora was told not to pass on;
//! the body is gathered, and then either the request is sent again or head and body are written.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use pingora::http::ResponseHeader;
use pingora::prelude::{Error, ErrorType, Result, Session};
use tracing::warn;
use weir_wire::refuses_stream_options;

use super::context::{Context, NextTry};
use super::response;

/// Refusals are short; a longer answer is none.
const LONGEST: u64 = 64 << 10;

/// Why an exchange was broken off: its answer is held, and is to be written or forgotten.
pub(super) const HELD: ErrorType = ErrorType::Custom("AnswerHeld");

/// An answer that the client has not seen yet.
pub(super) struct HeldAnswer {
    pub(super) head: ResponseHeader,
    pub(super) body: Vec<u8>,
}

/// Holds an answer that may be a refusal. Returns whether it does.
pub(super) fn hold(session: &mut Session, head: &mut ResponseHeader, ctx: &mut Context) -> bool {
    let Some(metered) = &mut ctx.metered else { return false };
    let status = head.status.as_u16();
    if !matches!(status, 400 | 422) || !metered.exchange.asked_for_usage() {
        return false;
    }
    let length = response::length(head);
    let may_refuse =
        ctx.sending.read && length.is_some_and(|length| (1..=LONGEST).contains(&length));
    if !may_refuse && length.is_none_or(|length| length <= LONGEST) {
        metered.overheard = Some((status, Vec::new()));
    }
    if may_refuse {
        metered.held = Some(Box::new(HeldAnswer { head: head.clone(), body: Vec::new() }));
        session.downstream_session.set_ignore_info_resp(true);
        // Any informational code would do: it is not written.
        let _infallible = head.set_status(StatusCode::PROCESSING);
    }
    may_refuse
}

/// Gathers the body of an answer that is held. Returns whether one is; the error, once it is
/// whole, says what is to happen: sending again, or writing it.
pub(super) fn gather(
    now: Duration,
    body: &mut Option<Bytes>,
    end: bool,
    ctx: &mut Context,
) -> Result<bool> {
    let Some(metered) = &mut ctx.metered else { return Ok(false) };
    let Some(held) = &mut metered.held else { return Ok(false) };
    if let Some(piece) = body.take() {
        held.body.extend_from_slice(&piece);
    }
    if !end {
        return Ok(true);
    }
    if refuses_stream_options(held.head.status.as_u16(), &held.body) {
        ctx.sending.next = NextTry::AsWritten;
        metered.held = None;
        return Err(Error::explain(HELD, "the upstream refuses stream_options").into_up());
    }
    if let Some(held) = metered.held.take() {
        response::read_head(metered, &held.head);
        let _unchanged = metered.exchange.on_response_body(now, &held.body);
        let _nothing = metered.exchange.on_response_end();
        metered.held = Some(held);
    }
    Err(Error::explain(HELD, "an answer to be written").into_up())
}

/// Looks at an answer that passes by: a refusal that this client gets, the next one need not.
pub(super) fn overhear(piece: &[u8], end: bool, ctx: &mut Context) {
    let Some(metered) = &mut ctx.metered else { return };
    let Some((status, body)) = &mut metered.overheard else { return };
    if (body.len() + piece.len()) as u64 > LONGEST {
        metered.overheard = None;
        return;
    }
    body.extend_from_slice(piece);
    if end && refuses_stream_options(*status, body) {
        observe_from_now_on(ctx);
    }
}

/// The request was answered as it was written: what Weir adds was the fault.
pub(super) fn learn(ctx: &Context) {
    if ctx.sending.next == NextTry::AsWritten {
        observe_from_now_on(ctx);
    }
}

fn observe_from_now_on(ctx: &Context) {
    if let Some(route) = &ctx.route
        && route.observe_from_now_on()
    {
        warn!(
            route = route.config.name,
            "The upstream refuses stream_options. This route observes from now on: where its \
             streams carry no usage, tokens are estimated. Set usage = \"observe\" to say so."
        );
    }
}
