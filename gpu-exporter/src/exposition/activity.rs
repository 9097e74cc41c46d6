//! What the parts of the chip did (GPU performance monitoring).

use weir_families::Metric;

use super::of_gpu::OfGpu;
use super::value::ratio;
use crate::snapshot::Activity;

const GRAPHICS: Metric = Metric::gauge(
    "nvidia_gpu_graphics_active_ratio",
    "Part of the time since the read before in which the graphics or compute engine ran.",
);
const SM: Metric = Metric::gauge(
    "nvidia_gpu_sm_active_ratio",
    "Part of the streaming multiprocessors' time since the read before in which they had at least one warp.",
);
const SM_OCCUPANCY: Metric = Metric::gauge(
    "nvidia_gpu_sm_occupancy_ratio",
    "Warps that were resident since the read before, of those that could have been.",
);
const TENSOR: Metric = Metric::gauge(
    "nvidia_gpu_tensor_active_ratio",
    "Part of the time since the read before in which any tensor pipe ran.",
);
const DRAM: Metric = Metric::gauge(
    "nvidia_gpu_dram_active_ratio",
    "Part of the memory's bandwidth that was used since the read before.",
);
const PIPE: Metric = Metric::gauge(
    "nvidia_gpu_pipe_active_ratio",
    "Part of the time since the read before in which the pipe of these numbers ran.",
);

pub(super) fn add(of: &mut OfGpu<'_>, activity: Activity) {
    let Activity { graphics, sm, sm_occupancy, tensor, dram, fp64, fp32, fp16 } = activity;
    of.add(&GRAPHICS, ratio(graphics));
    of.add(&SM, ratio(sm));
    of.add(&SM_OCCUPANCY, ratio(sm_occupancy));
    of.add(&TENSOR, ratio(tensor));
    of.add(&DRAM, ratio(dram));
    for (pipe, percent) in [("fp64", fp64), ("fp32", fp32), ("fp16", fp16)] {
        of.add_with(&PIPE, &[("pipe", pipe)], ratio(percent));
    }
}
