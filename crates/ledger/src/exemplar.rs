//! Exemplars: one request behind the count of a bucket.

use std::fmt::{self, Display};
use std::num::NonZeroU128;
use std::time::{SystemTime, UNIX_EPOCH};

/// The trace of a request, and when the request ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Traced {
    pub(crate) trace: NonZeroU128,
    /// Seconds, Unix time.
    pub(crate) at: f64,
}

impl Traced {
    /// `None` for a trace id of zeros, which names no trace.
    pub(crate) fn new(trace: u128, at: SystemTime) -> Option<Self> {
        let at = at.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        Some(Self { trace: NonZeroU128::new(trace)?, at })
    }
}

/// A request that lies in a bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) trace: NonZeroU128,
    /// When the request ended; seconds, Unix time.
    pub(crate) at: f64,
    /// What was observed, seconds.
    pub(crate) value: f64,
}

/// As OpenMetrics has it behind a sample.
impl Display for Exemplar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, at, value } = self;
        write!(f, "{{trace_id=\"{trace:032x}\"}} {value:?} {at:.3}")
    }
}
