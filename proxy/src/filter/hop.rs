//! A request's place between the hops: which request of the edge an engine is asked for, and what came of it.

use http::{HeaderMap, HeaderName};
use pingora::http::RequestHeader;
use pingora::prelude::Result;
use weir_ledger::{Crossing, Entry, Hop, HopAdded, HopResult};
use weir_wire::Outcome;

use super::context::Context;
use super::told::Header;
use crate::hop_join::{Seen, Stream};
use crate::route::Route;
use crate::trace_context::{SpanId, TRACEPARENT, TraceContext};

/// Where the edge says which request it is, if the operator wants that: gateways pass on `x-` headers where they
/// would not pass on a `traceparent`. It is written like one.
pub(super) static HEADER: HeaderName = HeaderName::from_static("x-weir-hop");

/// What a request is to the join of the hops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    /// Nothing that it knows of.
    #[default]
    None,
    /// One of the edge, by its own span.
    Edge,
    /// One of the edge for which there is no room.
    Untracked,
    /// One that an engine has of the edge's with this span.
    Engine(SpanId),
}

/// Reads which trace a request belongs to, and which request of the edge it is made for. `x-weir-hop` is believed only
/// where no client can reach.
pub(super) fn read(listener: Hop, headers: &HeaderMap, ctx: &mut Context) {
    let is_believed =
        listener == Hop::Engine && ctx.in_force.hop_header && ctx.told.has(Header::Hop);
    let hop = is_believed.then(|| TraceContext::told(headers, &HEADER)).flatten();
    let is_traced = ctx.told.has(Header::Traceparent);
    let trace = is_traced.then(|| TraceContext::told(headers, &TRACEPARENT)).flatten();
    ctx.made_for = hop.or(trace).and_then(|context| context.parent);
    ctx.trace = trace.or(hop).unwrap_or_else(TraceContext::new);
    ctx.shared.observers.sample(&mut ctx.trace);
}

/// A request that is metered begins to be sent.
pub(super) fn begin(route: &Route, ctx: &mut Context) {
    let hops = &ctx.shared.hops;
    ctx.part = match (route.config.hop, ctx.made_for) {
        (Hop::Edge, _) if !ctx.in_force.has_engines => Part::None,
        (Hop::Edge, _) if hops.edge_began(ctx.trace.span) => Part::Edge,
        (Hop::Edge, _) => Part::Untracked,
        (Hop::Engine, Some(span)) if hops.engine_began(span, ctx.started) => Part::Engine(span),
        (Hop::Engine, _) => Part::None,
    };
}

/// Says, or takes out, which request of the edge it is, where the operator wants that.
pub(super) fn mark(head: &mut RequestHeader, route: &Route, ctx: &Context) -> Result<()> {
    if !ctx.in_force.hop_header {
        return Ok(());
    }
    match route.config.hop {
        Hop::Edge if ctx.metered.is_none() => {}
        Hop::Edge => head.insert_header("x-weir-hop", &ctx.trace.traceparent()[..])?,
        Hop::Engine => {
            head.remove_header(&HEADER);
        }
    }
    Ok(())
}

/// It has ended. Call it before the entry is settled: who sees its outcome sees this too, unless an engine is still
/// at work for it.
pub(super) fn end(ctx: &Context, stream: Stream, entry: &mut Entry, outcome: &Outcome) {
    let seen = || Seen::of(ctx.started, outcome, stream);
    let hops = &ctx.shared.hops;
    let known = match ctx.part {
        Part::None => None,
        Part::Edge => hops.edge_ended(ctx.trace.span, seen(), entry.across(outcome)),
        Part::Untracked => Some((entry.across(outcome), untracked())),
        Part::Engine(span) => hops.engine_ended(span, seen()),
    };
    if let Some((across, crossing)) = known {
        across.write(&crossing);
    }
}

fn untracked() -> Crossing {
    Crossing {
        result: HopResult::Untracked,
        attempts: 0,
        added: HopAdded::default(),
        is_buffered: false,
    }
}
