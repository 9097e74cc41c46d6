//! Memory of the GPU.

use weir_families::Metric;

use super::of_gpu::OfGpu;
use crate::snapshot::Memory;

const TOTAL: Metric = Metric::gauge("nvidia_gpu_memory_total_bytes", "All of the GPU's memory.");
const USED: Metric = Metric::gauge(
    "nvidia_gpu_memory_used_bytes",
    "Memory that processes hold, without what is reserved.",
);
const FREE: Metric =
    Metric::gauge("nvidia_gpu_memory_free_bytes", "Memory that is neither used nor reserved.");
const RESERVED: Metric = Metric::gauge(
    "nvidia_gpu_memory_reserved_bytes",
    "Memory that the driver and the firmware keep for themselves.",
);

pub(super) fn add(of: &mut OfGpu<'_>, memory: Option<Memory>) {
    let Some(Memory { total, used, free, reserved }) = memory else { return };
    of.add(&TOTAL, total);
    of.add(&USED, used);
    of.add(&FREE, free);
    of.add(&RESERVED, reserved);
}
