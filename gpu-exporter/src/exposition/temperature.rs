//! Temperatures, and those at which something happens.

use weir_families::Metric;

use super::of_gpu::OfGpu;
use crate::snapshot::Temperature;

const GPU: Metric = Metric::gauge("nvidia_gpu_temperature_celsius", "Temperature of the chip.");
const MEMORY: Metric =
    Metric::gauge("nvidia_gpu_memory_temperature_celsius", "Temperature of the memory.");
const LIMIT: Metric = Metric::gauge(
    "nvidia_gpu_temperature_limit_celsius",
    "Temperature at which the GPU slows down or shuts down, and the highest that it or its memory is made for.",
);

pub(super) fn add(of: &mut OfGpu<'_>, temperature: Temperature) {
    let Temperature { gpu, memory, slowdown, shutdown, max_operating, memory_max } = temperature;
    of.add(&GPU, gpu);
    of.add(&MEMORY, memory);
    for (limit, celsius) in [
        ("slowdown", slowdown),
        ("shutdown", shutdown),
        ("max_operating", max_operating),
        ("memory_max_operating", memory_max),
    ] {
        of.add_with(&LIMIT, &[("limit", limit)], celsius);
    }
}
