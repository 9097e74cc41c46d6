//! Which requests become spans, and their export.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tracing::{error, info, warn};
use weir_ledger::{Ledger, SpanResult};
use weir_telemetry::{Fate, Read, Sampler, Traces};
use weir_wire::{Outcome, Status};

use crate::config::TelemetryConfig;
use crate::ended::Ended;
use crate::span::{self, Semconv};
use crate::trace_context::TraceContext;

/// How long the last spans have when the proxy ends.
const FLUSH: Duration = Duration::from_secs(5);

/// The spans of all requests; nothing at all where no collector is named.
pub(crate) struct Spans {
    export: Option<Export>,
}

struct Export {
    traces: Traces,
    sampler: Sampler,
    rules: RwLock<Rules>,
    /// Without a word in the configuration.
    semconv: Semconv,
}

#[derive(Clone, Copy)]
struct Rules {
    slow: Option<Duration>,
    semconv: Semconv,
}

impl Spans {
    /// As the variables say. What they say amiss keeps nobody from being served.
    pub(crate) fn new(ledger: &Ledger) -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        let version = env!("CARGO_PKG_VERSION");
        let Read { settings, warnings } = Read::variables("weir-proxy", version, variable);
        for warning in warnings {
            warn!(warning, "A variable of OpenTelemetry can't be used.");
        }
        let Some(settings) = settings else { return Self { export: None } };
        let semconv = match weir_telemetry::wants_latest_gen_ai(variable) {
            true => Semconv::New,
            false => Semconv::Both,
        };
        let ledger = ledger.clone();
        let count = move |fate, spans| {
            let result = match fate {
                Fate::Exported => SpanResult::Exported,
                Fate::Dropped => SpanResult::Dropped,
                Fate::Failed => SpanResult::Failed,
            };
            ledger.spans(result, spans);
        };
        let export = match Traces::start(&settings, Arc::new(count)) {
            Ok(traces) => {
                let host = settings.endpoint.host().unwrap_or_default();
                info!(host, protocol = ?settings.protocol, "Spans are exported.");
                let rules = RwLock::new(Rules { slow: None, semconv });
                Some(Export { traces, sampler: settings.sampler, rules, semconv })
            }
            Err(error) => {
                error!(%error, "No spans are exported.");
                None
            }
        };
        Self { export }
    }

    /// Other rules, from now on.
    pub(crate) fn follow(&self, config: &TelemetryConfig) {
        if let Some(export) = &self.export {
            let semconv = config.semconv.unwrap_or(export.semconv);
            *export.rules.write() = Rules { slow: config.slow, semconv };
        }
    }

    /// Decides whether the trace is sampled, where spans are exported: what is behind Weir is told.
    pub(crate) fn sample(&self, trace: &mut TraceContext) {
        if let Some(export) = &self.export {
            let decided = trace.parent.map(|_| trace.is_sampled);
            trace.is_sampled = export.sampler.takes(trace.trace.0, decided);
        }
    }

    /// Whether somebody may have the trace of a request that has ended: it is sampled, by whomever, or Weir
    /// exports what it did all the same.
    pub(crate) fn may_be_found(&self, trace: &TraceContext, outcome: &Outcome) -> bool {
        let slow = self.export.as_ref().map(|export| export.rules.read().slow);
        trace.is_sampled || slow.is_some_and(|slow| is_wanted(trace, outcome, slow))
    }

    /// Whether nothing is exported.
    pub(crate) fn are_off(&self) -> bool {
        self.export.is_none()
    }

    /// A request has ended: it is exported if its trace is sampled, if it failed, or if it was slow.
    pub(crate) fn ended(&self, ended: &Ended<'_>) {
        let Some(export) = &self.export else { return };
        let rules = *export.rules.read();
        if is_wanted(ended.trace, ended.outcome, rules.slow) {
            export.traces.offer(span::of(ended, rules.semconv));
        }
    }

    /// Exports what is left, within bounds.
    pub(crate) fn end(&self) {
        if let Some(export) = &self.export {
            export.traces.shutdown(FLUSH);
        }
    }
}

/// Failures and slow ones count whatever was sampled: they are what one looks for. What clients do wrong does not:
/// anybody could fill the queue with it.
fn is_wanted(trace: &TraceContext, outcome: &Outcome, slow: Option<Duration>) -> bool {
    trace.is_sampled
        || outcome.kind.status() == Status::Error
        || slow.is_some_and(|slow| outcome.duration >= slow)
}

#[cfg(test)]
mod tests {
    use weir_wire::{End, Endpoint, Exchange, Outcome, OutcomeKind, Policy, RequestHead};

    use super::*;

    fn outcome(kind: OutcomeKind, milliseconds: u64) -> Outcome {
        let head = RequestHead::json(Endpoint::ChatCompletions);
        let duration = Duration::from_millis(milliseconds);
        let exchange = Exchange::new(&head, Policy::default());
        Outcome { kind, ..exchange.outcome(duration, End::Complete) }
    }

    fn trace(is_sampled: bool) -> TraceContext {
        TraceContext { is_sampled, ..TraceContext::new() }
    }

    fn is_wanted_of(kind: OutcomeKind, milliseconds: u64, is_sampled: bool) -> bool {
        let slow = Some(Duration::from_secs(1));
        is_wanted(&trace(is_sampled), &outcome(kind, milliseconds), slow)
    }

    #[test]
    fn who_exports_nothing_knows_of_sampled_traces_all_the_same() {
        let spans = Spans { export: None };
        let failed = outcome(OutcomeKind::Truncated, 5_000);
        assert!(spans.may_be_found(&trace(true), &failed));
        assert!(!spans.may_be_found(&trace(false), &failed));
    }

    #[test]
    fn failures_and_slow_ones_are_exported_whatever_is_sampled() {
        assert!(is_wanted_of(OutcomeKind::Success, 1, true));
        assert!(!is_wanted_of(OutcomeKind::Success, 999, false));
        assert!(is_wanted_of(OutcomeKind::Success, 1000, false));
        assert!(is_wanted_of(OutcomeKind::Truncated, 1, false));
        assert!(!is_wanted_of(OutcomeKind::Unauthorized, 1, false));
    }
}
