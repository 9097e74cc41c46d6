//! Answers of Weir's own: for failures that the upstream had no chance to answer.

use bytes::Bytes;
use http::{StatusCode, header};
use pingora::http::ResponseHeader;
use pingora::prelude::{Error, Result, Session};
use pingora::proxy::FailToProxy;
use serde_json::json;
use weir_ledger::Rejection;
use weir_wire::{Class, End, Endpoint};

use super::context::Context;
use super::rejection::{self, Rejected};

/// Marks an answer as Weir's own, with the reason as its value.
const MARK: &str = "x-weir-error";

/// Writes what the client is still to get, if it can get anything.
pub(super) async fn to_failure(
    session: &mut Session,
    error: &Error,
    ctx: &mut Context,
) -> FailToProxy {
    let written = match failed(session, error, ctx).await {
        Ok(code) => code,
        Err(error) => {
            let kind = error.etype().as_str();
            tracing::debug!(kind, "The client could not be told of a failure.");
            0
        }
    };
    FailToProxy { error_code: written, can_reuse_downstream: false }
}

async fn failed(session: &mut Session, error: &Error, ctx: &mut Context) -> Result<u16> {
    if let Some(held) = ctx.metered.as_mut().and_then(|metered| metered.held.take()) {
        let code = held.head.status.as_u16();
        session.set_keepalive(None);
        session.write_response_header(Box::new(held.head), false).await?;
        session.write_response_body(Some(held.body.into()), true).await?;
        return Ok(code);
    }
    let end = ctx.ended_by(error);
    if session.response_written().is_some_and(is_final) {
        if let Some(metered) = ctx.metered.as_mut().filter(|_| end != End::ClientClosed) {
            let held = metered.exchange.take_held();
            if !held.is_empty() {
                session.write_response_body(Some(held.into()), false).await?;
            }
        }
        return Ok(0);
    }
    if let Some(reason) = ctx.rejection.or_else(|| rejection(end)) {
        return rejection::tell(session, ctx, &Rejected::of(reason)).await;
    }
    let Some(own) = own_words(end) else { return Ok(0) };
    send(session, ctx.class, own).await?;
    Ok(own.code)
}

/// The reason where nobody has noted one.
fn rejection(end: End) -> Option<Rejection> {
    (end == End::Rejected).then_some(Rejection::BadRequest)
}

/// Whether nothing of Weir's own can follow; behind a 101 come the frames of another protocol.
fn is_final(head: &ResponseHeader) -> bool {
    head.status == StatusCode::SWITCHING_PROTOCOLS || !head.status.is_informational()
}

/// An answer of Weir's own.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    pub(super) code: u16,
    /// For programs: the value of `x-weir-error`, and `error.code` of the body.
    pub(super) reason: &'a str,
    /// For people.
    pub(super) message: &'a str,
    /// When it may come again, in seconds.
    pub(super) retry_after: Option<u64>,
}

fn own_words(end: End) -> Option<Own<'static>> {
    let (code, reason, message) = match end {
        End::ConnectFailed => (502, "connect_failed", "Weir could not connect to the upstream."),
        End::UpstreamReset => {
            (502, "upstream_reset", "The upstream closed the connection before it answered.")
        }
        End::UpstreamTimeout => (504, "upstream_timeout", "The upstream took too long."),
        End::UpstreamInvalid => {
            (502, "upstream_invalid", "What the upstream answered is not HTTP.")
        }
        End::Shutdown => (503, "shutdown", "Weir is being stopped."),
        End::Internal => (500, "internal_error", "Weir failed to pass this request on."),
        End::Complete | End::ClientClosed | End::Rejected => return None,
    };
    Some(Own { code, reason, message, retry_after: None })
}

/// Sends an error in the shape that clients of the endpoint expect.
pub(super) async fn send(session: &mut Session, class: Class, own: Own<'_>) -> Result<()> {
    let Own { code, reason, message, retry_after } = own;
    let body = match class {
        Class::Llm(Endpoint::Messages) => {
            json!({"type": "error", "error": {"type": anthropic_type(code), "message": message}})
        }
        _ => {
            let (kind, code) = openai_words(code, reason);
            let error = json!({"message": message, "type": kind, "param": null, "code": code});
            json!({"error": error})
        }
    };
    let body = Bytes::from(body.to_string());
    let mut head = ResponseHeader::build(code, Some(6))?;
    head.insert_header(header::CONTENT_TYPE, "application/json")?;
    head.insert_header(header::CONTENT_LENGTH, body.len())?;
    head.insert_header(MARK, reason)?;
    if let Some(seconds) = retry_after {
        head.insert_header(header::RETRY_AFTER, seconds)?;
    }
    if code == 401 {
        head.insert_header(header::WWW_AUTHENTICATE, "Bearer")?;
    }
    session.set_keepalive(None);
    session.write_response_header(Box::new(head), false).await?;
    session.write_response_body(Some(body), true).await
}

/// Type and code of an error. Where OpenAI has words of its own for what happened, programs know them
/// (<https://platform.openai.com/docs/guides/error-codes>).
fn openai_words(code: u16, reason: &str) -> (&str, &str) {
    match code {
        401 => ("invalid_request_error", "invalid_api_key"),
        403 => ("invalid_request_error", reason),
        429 => ("requests", "rate_limit_exceeded"),
        _ => ("weir_error", reason),
    }
}

/// <https://platform.claude.com/docs/en/api/errors>
fn anthropic_type(code: u16) -> &'static str {
    match code {
        400 | 405 | 408 | 431 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        504 => "timeout_error",
        _ => "api_error",
    }
}
