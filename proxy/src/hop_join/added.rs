//! What the gateway added to a request, by what was seen of it on both sides.

use std::time::{Duration, Instant};

use weir_ledger::HopAdded;

use super::Seen;

/// Moments at which an engine's events came that it takes to tell an answer that is held back from a short one.
const BUFFERED_FROM: u64 = 8;

/// Held back is an answer whose events come at no more than one in so many of those moments.
const BUFFERED_TO: u64 = 2;

/// `first` is when the head of the engine's first request was read, `engine` the request that was answered.
///
/// A time that would be negative is left out: what the edge has was not made of what the engine said then, or the
/// edge did not wait for its end. But a gap that is shorter at the edge had nothing added to it.
pub(super) fn added(edge: &Seen, first: Instant, engine: &Seen) -> HopAdded {
    let between = |from: Option<Instant>, to: Option<Instant>| to?.checked_duration_since(from?);
    HopAdded {
        before_upstream: between(edge.sent, Some(first)),
        first_token: between(engine.first_token, edge.first_token),
        per_event: per_event(edge, engine),
        after: between(Some(engine.ended), Some(edge.ended)),
    }
}

/// Only where both sides have the same events, and all gaps are the gateway's or the engine's doing.
fn per_event(edge: &Seen, engine: &Seen) -> Option<Duration> {
    let is_whole = |seen: &Seen| seen.stream.discarded == 0 && !seen.stalled;
    if edge.stream.events != engine.stream.events || !is_whole(edge) || !is_whole(engine) {
        return None;
    }
    let gaps = u32::try_from(edge.stream.events.checked_sub(1)?).ok()?;
    edge.stream.gaps.saturating_sub(engine.stream.gaps).checked_div(gaps)
}

/// Whether events that came one by one were given to the client in bursts, or as a few large ones.
pub(super) fn is_buffered(edge: &Seen, engine: &Seen) -> bool {
    let (there, here) = (engine.stream.instants(), edge.stream.instants());
    // A client that does not read makes bursts, too.
    !edge.stalled && here > 0 && there >= BUFFERED_FROM && here * BUFFERED_TO <= there
}
