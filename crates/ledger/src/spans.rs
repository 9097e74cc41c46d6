//! Spans, and what becomes of them.

/// What became of a span, the value of `result` in `weir_telemetry_spans_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpanResult {
    /// The collector has it.
    Exported,
    /// It found no room, or the process ended before its turn came.
    Dropped,
    /// The collector did not take it.
    Failed,
}

impl SpanResult {
    /// Every result.
    pub const ALL: [Self; 3] = [Self::Exported, Self::Dropped, Self::Failed];

    /// The value of the label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exported => "exported",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
        }
    }
}
