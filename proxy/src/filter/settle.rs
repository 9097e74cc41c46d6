//! The only exit of a request: its outcome, written once.

use pingora::prelude::{Error, Session};
use tracing::{debug, warn};
use weir_ledger::{Client, Cost, Rejection};
use weir_wire::{End, Outcome, OutcomeKind};

use super::context::Context;
use super::{hop, refusal};
use crate::access::Caller;
use crate::ended::Ended;

/// Pingora is done with the request.
pub(super) fn ended(session: &mut Session, error: Option<&Error>, ctx: &mut Context) {
    let end = match error {
        Some(error) => ctx.ended_by(error),
        None => ctx.end.unwrap_or(End::Complete),
    };
    if end == End::Rejected {
        ctx.rejection.get_or_insert(Rejection::BadRequest);
    }
    let code = session.response_written().map(|head| head.status.as_u16());
    if (error.is_some() || !session.is_body_done())
        && let Some(turn) = &ctx.turn
    {
        turn.will_linger();
    }
    if let (None, Some(metered)) = (error, &mut ctx.metered) {
        // An answer without a body has no last piece with which it would have ended.
        let _nothing = metered.exchange.on_response_end();
    }
    if ctx.stalls.are_known() {
        let stall = ctx.stalls.since_last(ctx.now());
        if let (Some(metered), Some(stall)) = (&mut ctx.metered, stall) {
            metered.exchange.on_client_stall(stall);
        }
    }
    if let (Some(turn), Some(counted)) = (&ctx.turn, ctx.stalls.counted()) {
        turn.set_stalled(counted);
    }
    if let Some(error) = error {
        // Not its context: that can hold bytes of the upstream's answer.
        let (kind, by) = (error.etype().as_str(), error.esource().as_str());
        debug!(kind, by, ?end, "An exchange broke off.");
    }
    settle(ctx, end, code);
}

/// Writes the outcome. `code` is what the client was sent.
pub(super) fn settle(ctx: &mut Context, end: End, code: Option<u16>) {
    let now = ctx.now();
    ctx.settled = true;
    if let Some(reason) = ctx.rejection.take() {
        ctx.shared.ledger.rejected(reason);
    }
    let Some(metered) = &mut ctx.metered else { return };
    let Some(mut entry) = metered.entry.take() else { return };
    metered.exchange.take_progress(|batch| {
        entry.progress(batch);
        metered.stream.add(batch);
    });
    let stream = metered.stream;
    let mut outcome = metered.exchange.take_outcome(now, end);
    outcome.http_status = outcome.http_status.or(code);
    if let Some(client) = ctx.caller.as_ref().and_then(Caller::client) {
        entry.sent_by(client);
    }
    let cost = ctx.route.as_ref().and_then(|route| ctx.in_force.cost(&route.config, &outcome));
    if let Some(cost) = cost {
        entry.costs(cost);
    }
    // Also where nobody gets spans from Weir: the access log and the engine know the same trace.
    if ctx.shared.observers.may_be_found(&ctx.trace, &outcome) {
        entry.traced(ctx.trace.trace.0, ctx.began + now);
    }
    hop::end(ctx, stream, &mut entry, &outcome);
    // Before the outcome is counted: who sees that knows that it was learnt.
    if outcome.http_status.is_some_and(|code| (200..300).contains(&code)) {
        refusal::learn(ctx);
    }
    entry.settle(&outcome);
    if let Some(route) = &ctx.route {
        route.note(&outcome);
        log(&route.config.name, &outcome);
    }
    tell(ctx, &outcome, cost);
}

/// All others who want to know.
fn tell(ctx: &Context, outcome: &Outcome, cost: Option<Cost>) {
    if ctx.shared.observers.are_none() {
        return;
    }
    let client = ctx.caller.as_ref().and_then(Caller::client);
    let series = ctx.series();
    ctx.shared.observers.ended(&Ended {
        outcome,
        trace: &ctx.trace,
        route: series.name(),
        hop: series.hop(),
        model: &series.model_label(outcome.model.as_deref()),
        request_id: ctx.request_id.as_deref(),
        upstream: ctx.route.as_ref().map(|route| route.config.upstream.url()),
        client: client.as_ref().map(Client::as_str),
        cost,
        attempts: ctx.sending.attempts,
        began: ctx.began,
    });
}

/// Failures that no client can explain; no content, no key, no path.
fn log(route: &str, outcome: &Outcome) {
    match outcome.kind {
        OutcomeKind::Shutdown => warn!(
            route,
            endpoint = outcome.endpoint.as_str(),
            outcome = outcome.kind.as_str(),
            seconds = outcome.duration.as_secs_f64(),
            "A request was cut by the drain."
        ),
        OutcomeKind::InternalError => warn!(
            route,
            endpoint = outcome.endpoint.as_str(),
            outcome = outcome.kind.as_str(),
            "A request was lost by a fault of Weir's own."
        ),
        _ => {}
    }
}
