//! Answers of Weir's own: for failures that the upstream had no chance to answer.

use bytes::Bytes;
use http::{StatusCode, header};
use pingora::http::ResponseHeader;
use pingora::prelude::{Error, ErrorType, Result, Session};
use pingora::proxy::FailToProxy;
use serde_json::json;
use weir_wire::{Class, End, Endpoint};

use super::context::Context;
use super::ending;

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
    let end = ending::of(error);
    if session.response_written().is_some_and(is_final) {
        if let Some(metered) = ctx.metered.as_mut().filter(|_| end != End::ClientClosed) {
            let held = metered.exchange.take_held();
            if !held.is_empty() {
                session.write_response_body(Some(held.into()), false).await?;
            }
        }
        return Ok(0);
    }
    let words = if *error.etype() == ErrorType::ReadTimedout && end == End::Rejected {
        Some((408, "request_timeout", "The request's body did not come for 60 s."))
    } else {
        own_words(end)
    };
    let Some((code, reason, message)) = words else { return Ok(0) };
    send(session, ctx.class, code, reason, message).await?;
    Ok(code)
}

/// Whether nothing of Weir's own can follow; behind a 101 come the frames of another protocol.
fn is_final(head: &ResponseHeader) -> bool {
    head.status == StatusCode::SWITCHING_PROTOCOLS || !head.status.is_informational()
}

fn own_words(end: End) -> Option<(u16, &'static str, &'static str)> {
    Some(match end {
        End::ConnectFailed => (502, "connect_failed", "Weir could not connect to the upstream."),
        End::UpstreamReset => {
            (502, "upstream_reset", "The upstream closed the connection before it answered.")
        }
        End::UpstreamTimeout => (504, "upstream_timeout", "The upstream took too long."),
        End::UpstreamInvalid => {
            (502, "upstream_invalid", "What the upstream answered is not HTTP.")
        }
        End::Rejected => (400, "bad_request", "This request can't be passed on as HTTP."),
        End::Shutdown => (503, "shutdown", "Weir is being stopped."),
        End::Internal => (500, "internal_error", "Weir failed to pass this request on."),
        End::Complete | End::ClientClosed => return None,
    })
}

/// Sends an error in the shape that clients of the endpoint expect.
pub(super) async fn send(
    session: &mut Session,
    class: Class,
    code: u16,
    reason: &str,
    message: &str,
) -> Result<()> {
    let body = match class {
        Class::Llm(Endpoint::Messages) => {
            json!({"type": "error", "error": {"type": "api_error", "message": message}})
        }
        _ => {
            let error =
                json!({"message": message, "type": "weir_error", "param": null, "code": reason});
            json!({"error": error})
        }
    };
    let body = Bytes::from(body.to_string());
    let mut head = ResponseHeader::build(code, Some(4))?;
    head.insert_header(header::CONTENT_TYPE, "application/json")?;
    head.insert_header(header::CONTENT_LENGTH, body.len())?;
    head.insert_header(MARK, reason)?;
    session.set_keepalive(None);
    session.write_response_header(Box::new(head), false).await?;
    session.write_response_body(Some(body), true).await
}
