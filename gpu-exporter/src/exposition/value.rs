//! Numbers as samples have them, and the conversions from NVML's units to base units: all of them are
//! here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What can be a sample's value.
pub(super) trait Value {
    /// The number, if it is known. Whole numbers beyond 2⁵³ are rounded, as Prometheus would.
    fn number(self) -> Option<f64>;
}

impl<V: Value> Value for Option<V> {
    fn number(self) -> Option<f64> {
        self.and_then(V::number)
    }
}

impl Value for f64 {
    fn number(self) -> Option<f64> {
        Some(self)
    }
}

impl Value for u32 {
    fn number(self) -> Option<f64> {
        Some(self.into())
    }
}

impl Value for u64 {
    fn number(self) -> Option<f64> {
        Some(self as f64)
    }
}

impl Value for usize {
    fn number(self) -> Option<f64> {
        Some(self as f64)
    }
}

impl Value for bool {
    fn number(self) -> Option<f64> {
        Some(self.into())
    }
}

/// Seconds.
impl Value for Duration {
    fn number(self) -> Option<f64> {
        Some(self.as_secs_f64())
    }
}

/// Seconds since 1970.
impl Value for SystemTime {
    fn number(self) -> Option<f64> {
        self.duration_since(UNIX_EPOCH).ok()?.number()
    }
}

/// Percent as a ratio of 1.
pub(super) fn ratio(percent: Option<impl Into<f64>>) -> Option<f64> {
    percent.map(|percent| percent.into() / 100.0)
}

/// Thousandths: milliwatts as watts, millijoules as joules.
pub(super) fn from_milli(thousandths: Option<impl Value>) -> Option<f64> {
    thousandths.number().map(|thousandths| thousandths / 1e3)
}

/// Megahertz as hertz.
pub(super) fn hertz(megahertz: u32) -> u64 {
    u64::from(megahertz) * 1_000_000
}

/// Nanoseconds as seconds.
pub(super) fn seconds(nanoseconds: u64) -> Duration {
    Duration::from_nanos(nanoseconds)
}
