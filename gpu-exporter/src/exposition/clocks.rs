//! Clocks, and what holds them down.

use weir_families::Metric;

use super::of_gpu::OfGpu;
use super::value::{hertz, seconds};
use crate::snapshot::Clocks;

const CLOCK: Metric = Metric::gauge("nvidia_gpu_clock_hertz", "Clock of a domain.");
const CLOCK_MAX: Metric = Metric::gauge("nvidia_gpu_clock_max_hertz", "Highest clock of a domain.");
const THROTTLE_REASON: Metric = Metric::gauge(
    "nvidia_gpu_throttle_reason",
    "1 where this holds the clocks down at the moment, else 0.",
);
const THROTTLE_SECONDS: Metric = Metric::counter(
    "nvidia_gpu_throttle_seconds_total",
    "Time in which this held the clocks down, since the driver was loaded.",
);
const PERFORMANCE_STATE: Metric = Metric::gauge(
    "nvidia_gpu_performance_state",
    "Performance state (P-state): 0 is the fastest, 15 the slowest.",
);

pub(super) fn add(of: &mut OfGpu<'_>, clocks: &Clocks) {
    let Clocks { current, max, reasons, reason_time, performance_state } = clocks;
    for (domain, megahertz) in current {
        of.add_with(&CLOCK, &[("domain", domain)], hertz(*megahertz));
    }
    for (domain, megahertz) in max {
        of.add_with(&CLOCK_MAX, &[("domain", domain)], hertz(*megahertz));
    }
    for (reason, holds) in reasons.iter().flatten() {
        of.add_with(&THROTTLE_REASON, &[("reason", reason)], *holds);
    }
    for (reason, nanoseconds) in reason_time {
        of.add_with(&THROTTLE_SECONDS, &[("reason", reason)], seconds(*nanoseconds));
    }
    of.add(&PERFORMANCE_STATE, *performance_state);
}
