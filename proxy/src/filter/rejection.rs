//! Requests that Weir itself refuses: by a limit, for want of a key, for want of a route.

use std::borrow::Cow;

use pingora::prelude::{Result, Session};
use weir_ledger::Rejection;
use weir_wire::{Class, End, Policy, RequestHead};

use super::answer::{self, Own};
use super::context::{Context, Metered};

/// A refusal, and what the client is told.
pub(super) struct Rejected {
    pub(super) reason: Rejection,
    pub(super) message: Cow<'static, str>,
    /// When it may come again, in seconds.
    pub(super) retry_after: Option<u64>,
}

impl Rejected {
    /// For this reason, in words that always hold for it.
    pub(super) fn of(reason: Rejection) -> Self {
        let message = match reason {
            Rejection::BadRequest => "This request can't be passed on as HTTP.",
            Rejection::ConnectMethod => "CONNECT is not served here.",
            Rejection::NoRoute => "Weir has no route here any more.",
            Rejection::NoRouteNow => "Weir has no route here now.",
            Rejection::HeadTooLarge => {
                "The request's head is larger than allowed (proxy.limits.head)."
            }
            Rejection::BodyTooLarge => {
                "The request's body is larger than allowed (proxy.limits.body)."
            }
            Rejection::RequestTimeout => "The request's body did not come in time.",
            Rejection::TooManyConnections | Rejection::TooManyRequests => {
                "As many requests are under way here as may be. Try again later."
            }
            Rejection::Unauthorized => "A key that is known here is needed.",
            Rejection::Forbidden => "This request is not allowed here.",
            Rejection::RateLimited => "This key has been used as often as it may be for now.",
        };
        let busy = matches!(reason, Rejection::TooManyConnections | Rejection::TooManyRequests);
        Self { reason, message: message.into(), retry_after: busy.then_some(1) }
    }

    fn code(&self) -> u16 {
        match self.reason {
            Rejection::BadRequest => 400,
            Rejection::Unauthorized => 401,
            Rejection::Forbidden => 403,
            Rejection::NoRoute => 404,
            Rejection::ConnectMethod => 405,
            Rejection::RequestTimeout => 408,
            Rejection::BodyTooLarge => 413,
            Rejection::RateLimited => 429,
            Rejection::HeadTooLarge => 431,
            Rejection::TooManyConnections | Rejection::TooManyRequests | Rejection::NoRouteNow => {
                503
            }
        }
    }
}

/// Refuses a request of which nothing was passed on yet. Always `true`: it has been answered.
pub(super) async fn refuse(
    session: &mut Session,
    ctx: &mut Context,
    rejected: &Rejected,
) -> Result<bool> {
    if !begin(ctx) {
        ctx.series().passthrough();
    }
    tell(session, ctx, rejected).await?;
    Ok(true)
}

/// Answers with the refusal; it is counted when the request is settled.
pub(super) async fn tell(
    session: &mut Session,
    ctx: &mut Context,
    rejected: &Rejected,
) -> Result<u16> {
    ctx.end = Some(End::Rejected);
    ctx.rejection = Some(rejected.reason);
    let own = Own {
        code: rejected.code(),
        reason: rejected.reason.as_str(),
        message: &rejected.message,
        retry_after: rejected.retry_after,
    };
    answer::send(session, ctx.class, own).await?;
    Ok(own.code)
}

/// Begins to meter a request that may not get far. Returns whether it is one to be metered.
pub(super) fn begin(ctx: &mut Context) -> bool {
    if let Class::Llm(endpoint) = ctx.class {
        let entry = ctx.series().begin(endpoint);
        ctx.metered = Some(Metered::begin(&RequestHead::json(endpoint), Policy::observe(), entry));
    }
    ctx.metered.is_some()
}
