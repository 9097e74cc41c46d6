//! The exporter itself: how reading goes.

use weir_daemon::reload::Reloads;
use weir_families::{Families, Metric};

use super::processes::LeftOut;
use crate::state::State;

const SOURCE_UP: Metric =
    Metric::gauge("weir_source_up", "1 where the source can be read, else 0.");
const LAST_SUCCESS: Metric = Metric::gauge(
    "weir_source_last_success_timestamp_seconds",
    "When the source was last read, in seconds since 1970.",
);
const SIMULATED: Metric =
    Metric::gauge("weir_source_simulated", "1 where all of this is simulated, else 0.");
const READ: Metric = Metric::gauge("weir_gpu_read_seconds", "How long the last read took.");
const READS: Metric = Metric::counter("weir_gpu_reads_total", "Reads by how they went.");
const OVERFLOW: Metric = Metric::counter(
    "weir_label_overflow_total",
    "Values that found no place in a label, counted at each read.",
);
/// What the exporter says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Exporter<'a> {
    /// `nvml` or `simulate`.
    pub source: &'static str,
    /// Whether nothing of it is real.
    pub simulated: bool,
    /// How reading goes.
    pub state: &'a State,
    /// What had no place, so far.
    pub left_out: LeftOut,
    /// Reloads so far.
    pub reloads: Reloads,
}

pub(super) fn add(families: &mut Families, exporter: &Exporter<'_>) {
    let Exporter { source, simulated, state, left_out, reloads: _ } = *exporter;
    let of_source = [("source", source)];
    families.add(&SOURCE_UP, &of_source, state.is_up());
    families.add(&LAST_SUCCESS, &of_source, state.last_success);
    families.add(&SIMULATED, &[], simulated);
    families.add(&READ, &[], state.last_read);
    for (result, count) in state.reads.by_result() {
        families.add(&READS, &[("result", result)], count);
    }
    for (label, count) in [("container_id", left_out.containers), ("pid", left_out.processes)] {
        families.add(&OVERFLOW, &[("label", label)], count);
    }
}
