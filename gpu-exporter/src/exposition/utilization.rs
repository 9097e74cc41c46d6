//! How much of the time something ran.

use weir_families::Metric;

use super::of_gpu::OfGpu;
use super::value::ratio;
use crate::snapshot::Utilization;

const DUTY_CYCLE: Metric = Metric::gauge(
    "nvidia_gpu_duty_cycle",
    "Percent of the last sample period (1/6 s to 1 s) in which any kernel ran; about 100 for any busy engine, and no measure of saturation.",
);
const MEMORY: Metric = Metric::gauge(
    "nvidia_gpu_memory_busy_ratio",
    "Part of the last sample period in which memory was read or written.",
);
const ENCODER: Metric = Metric::gauge(
    "nvidia_gpu_encoder_busy_ratio",
    "Part of the last sample period in which the video encoder ran.",
);
const DECODER: Metric = Metric::gauge(
    "nvidia_gpu_decoder_busy_ratio",
    "Part of the last sample period in which the video decoder ran.",
);

pub(super) fn add(of: &mut OfGpu<'_>, utilization: Utilization) {
    let Utilization { gpu, memory, encoder, decoder } = utilization;
    of.add(&DUTY_CYCLE, gpu);
    of.add(&MEMORY, ratio(memory));
    of.add(&ENCODER, ratio(encoder));
    of.add(&DECODER, ratio(decoder));
}
