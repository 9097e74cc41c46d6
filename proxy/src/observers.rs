//! Those who want to know of each request that has ended, besides the ledger.

use weir_ledger::Ledger;
use weir_wire::Outcome;

use crate::access_log::AccessLog;
use crate::config::Config;
use crate::ended::Ended;
use crate::otlp_metrics::OtlpMetrics;
use crate::spans::Spans;
use crate::trace_context::TraceContext;

/// All of them. None may block, fail, or hold on to more than a bound.
pub(crate) struct Observers {
    access_log: AccessLog,
    spans: Spans,
    metrics: OtlpMetrics,
}

impl Observers {
    pub(crate) fn new(config: &Config, ledger: &Ledger) -> Self {
        let observers = Self {
            access_log: AccessLog::new(ledger),
            spans: Spans::new(ledger),
            metrics: OtlpMetrics::new(),
        };
        observers.follow(config);
        observers
    }

    /// A request has come: whether its trace is sampled.
    pub(crate) fn sample(&self, trace: &mut TraceContext) {
        self.spans.sample(trace);
    }

    /// Whether somebody may have the trace of a request that has ended.
    pub(crate) fn may_be_found(&self, trace: &TraceContext, outcome: &Outcome) -> bool {
        self.spans.may_be_found(trace, outcome)
    }

    /// Whether nobody wants to know anything.
    pub(crate) fn are_none(&self) -> bool {
        self.access_log.is_off() && self.spans.are_off() && self.metrics.are_off()
    }

    /// A request has ended.
    pub(crate) fn ended(&self, ended: &Ended<'_>) {
        self.access_log.ended(ended);
        self.spans.ended(ended);
        self.metrics.ended(ended);
    }

    /// Another configuration, from now on.
    pub(crate) fn follow(&self, config: &Config) {
        self.access_log.follow(config.access_log.as_ref());
        self.spans.follow(&config.telemetry);
        self.metrics.follow(&config.telemetry);
    }

    /// No request will end any more: what waits is written, within bounds.
    pub(crate) fn end(&self) {
        self.access_log.follow(None);
        std::thread::scope(|scope| {
            // Each has its own bound: both at once take no longer than one.
            let metrics = || self.metrics.end();
            let _no_thread = std::thread::Builder::new().spawn_scoped(scope, metrics);
            self.spans.end();
        });
    }
}
