//! Power and energy.

use weir_families::Metric;

use super::of_gpu::OfGpu;
use super::value::from_milli;
use crate::snapshot::Power;

const USAGE: Metric = Metric::gauge(
    "nvidia_gpu_power_usage_milliwatts",
    "Power in milliwatts, as nvidia-smi shows it: on most GPUs the average of the last second.",
);
const INSTANT: Metric =
    Metric::gauge("nvidia_gpu_power_instant_watts", "Power at the moment of reading.");
const LIMIT: Metric = Metric::gauge(
    "nvidia_gpu_power_limit_watts",
    "Power that the GPU may draw: the limit in force, the one it comes with, the lowest and the highest that can be set.",
);
const ENERGY: Metric = Metric::counter(
    "nvidia_gpu_energy_joules_total",
    "Energy since the driver was loaded; a reset of the GPU or the driver starts anew.",
);

pub(super) fn add(of: &mut OfGpu<'_>, power: Power) {
    let Power { usage, instant, limit, limit_default, limit_min, limit_max, energy } = power;
    of.add(&USAGE, usage);
    of.add(&INSTANT, from_milli(instant));
    for (name, milliwatts) in
        [("enforced", limit), ("default", limit_default), ("min", limit_min), ("max", limit_max)]
    {
        of.add_with(&LIMIT, &[("limit", name)], from_milli(milliwatts));
    }
    of.add(&ENERGY, from_milli(energy));
}
