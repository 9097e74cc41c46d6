//! The conversions from NVML's units to base units: all of them are here.

use std::time::Duration;

use weir_families::Value;

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
