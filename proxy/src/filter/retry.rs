//! When a request may be sent again. Anything that is not named here is sent once.

use std::time::Duration;

use pingora::prelude::{Error, ErrorSource, ErrorType, HttpPeer, Session};

use super::context::{Context, NextTry};

/// A server that closes a pooled connection under a request does so at once; one that works on the
/// request for a while and then breaks off may have generated tokens.
const AT_ONCE: Duration = Duration::from_millis(100);

/// No connection was made: nothing was sent, so that it may be tried once more.
pub(super) fn after_failed_connect(
    peer: &HttpPeer,
    ctx: &mut Context,
    mut error: Box<Error>,
) -> Box<Error> {
    if let Some(route) = &ctx.route {
        route.config.upstream.could_not_connect(peer);
    }
    // The last two: an address of a family that this host does not have.
    let refused = matches!(
        error.etype(),
        ErrorType::ConnectRefused | ErrorType::ConnectNoRoute | ErrorType::BindError
    );
    let again = refused && ctx.sending.next == NextTry::First && ctx.sending.attempts == 1;
    if again {
        ctx.sending.next = NextTry::AfterRefused;
    }
    error.set_retry(again);
    error
}

/// The exchange broke off.
pub(super) fn after_failed_exchange(
    session: &mut Session,
    ctx: &mut Context,
    mut error: Box<Error>,
    reused: bool,
) -> Box<Error> {
    if is_refusal(ctx, &error) {
        error.set_retry(true);
        return error;
    }
    let again = reused
        && was_closed(&error)
        && matches!(ctx.sending.next, NextTry::First | NextTry::AfterRefused)
        && !ctx.sending.large
        && !session.as_ref().retry_buffer_truncated()
        && !ctx.sending.acknowledged
        && session.response_written().is_none_or(|head| head.status.is_informational())
        && !has_answer(ctx)
        && ended_at_once(ctx);
    if again {
        ctx.sending.next = NextTry::AfterStale;
    }
    error.set_retry(again);
    error
}

fn is_refusal(ctx: &Context, error: &Error) -> bool {
    *error.etype() == super::refusal::HELD
        && ctx.sending.next == NextTry::AsWritten
        && ctx.metered.as_ref().is_some_and(|metered| metered.held.is_none())
}

/// Whether the upstream closed the connection without a word.
fn was_closed(error: &Error) -> bool {
    use ErrorType::{ConnectionClosed, ReadError, WriteError};
    // Where a part of a head had come, only Pingora's words tell.
    const READ: &str = "bytes already read: ";
    let said = error.context.as_ref().map_or("", |context| context.as_str());
    let had_begun = said.rsplit_once(READ).is_some_and(|(_, bytes)| bytes != "0");
    *error.esource() == ErrorSource::Upstream
        && matches!(error.etype(), ConnectionClosed | ReadError | WriteError)
        && !had_begun
}

fn has_answer(ctx: &Context) -> bool {
    ctx.metered.as_ref().is_some_and(|m| m.exchange.has_answer() || m.held.is_some())
}

/// Whether it ended within 100 ms of the writing.
fn ended_at_once(ctx: &Context) -> bool {
    // A request that was not sent to its end can't have been answered.
    ctx.sending.sent.is_none_or(|sent| ctx.now().saturating_sub(sent) <= AT_ONCE)
}
