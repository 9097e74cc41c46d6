//! Faults of the upstream whose outcome is known beforehand, whatever else goes on.

/// A fault, and what comes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Broken {
    /// What it is called in the report.
    pub(crate) kind: &'static str,
    /// The `x-sim` header.
    pub(crate) plan: &'static str,
    /// The outcome.
    pub(crate) outcome: &'static str,
    /// Whether the answer is Weir's own.
    pub(crate) own: bool,
}

const fn theirs(kind: &'static str, plan: &'static str, outcome: &'static str) -> Broken {
    Broken { kind, plan, outcome, own: false }
}

const fn own(kind: &'static str, plan: &'static str, outcome: &'static str) -> Broken {
    Broken { kind, plan, outcome, own: true }
}

/// Those that break every answer, streamed or not.
pub(crate) const ANY: [Broken; 19] = [
    theirs("4xx", "fault=status:400", "bad_request"),
    theirs("4xx", "fault=status:401", "unauthorized"),
    theirs("4xx", "fault=status:403:plain", "unauthorized"),
    theirs("4xx", "fault=status:404", "not_found"),
    theirs("4xx", "fault=status:408", "upstream_timeout"),
    theirs("4xx", "fault=status:422:empty", "bad_request"),
    theirs("4xx", "fault=status:429", "rate_limited"),
    theirs("4xx", "fault=context_length", "context_length"),
    theirs("5xx", "fault=status:500", "upstream_error"),
    theirs("5xx", "fault=status:502:html", "upstream_error"),
    theirs("5xx", "fault=status:503:empty", "overloaded"),
    theirs("5xx", "fault=status:504:plain", "upstream_timeout"),
    theirs("5xx", "fault=status:529", "overloaded"),
    theirs("reset after head", "fault=reset_after_head", "upstream_reset"),
    theirs("stale pooled connection", "fault=close_keep_alive", "success"),
    own("reset before head", "fault=reset_before_head", "upstream_reset"),
    own("close before head", "fault=close_before_head", "upstream_reset"),
    own("no HTTP", "fault=nonsense", "upstream_error"),
    own("oversized head", "fault=oversized_head", "upstream_error"),
];

/// Those that break a stream of events.
pub(crate) const STREAMS: [Broken; 9] = [
    theirs("reset mid-event", "fault=reset_mid_event:3", "upstream_reset"),
    theirs("reset mid-event", "gap=1ms,fault=reset_mid_event:9", "upstream_reset"),
    theirs("close mid-stream", "fault=close_mid_stream:3", "upstream_reset"),
    theirs("end without finish", "fault=end_without_finish:0", "truncated"),
    theirs("end without finish", "gap=1ms,fault=end_without_finish:7", "truncated"),
    theirs("in-band error", "fault=in_band_error:3", "stream_error"),
    theirs("in-band error", "fault=in_band_error:0:flat:done", "stream_error"),
    theirs("huge event", "fault=huge_event:300000", "success"),
    theirs("slow head", "fault=slow_head:30ms", "success"),
];
