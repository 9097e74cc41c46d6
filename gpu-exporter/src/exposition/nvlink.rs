//! Links to other GPUs, all of one GPU together.

use weir_families::Metric;

use super::of_gpu::OfGpu;
use crate::snapshot::Nvlink;

const ACTIVE: Metric =
    Metric::gauge("nvidia_gpu_nvlink_links_active", "NVLinks of the GPU that are up.");
const TRANSMITTED: Metric = Metric::counter(
    "nvidia_gpu_nvlink_transmitted_bytes_total",
    "Bytes of data that the GPU sent over all its NVLinks.",
);
const RECEIVED: Metric = Metric::counter(
    "nvidia_gpu_nvlink_received_bytes_total",
    "Bytes of data that the GPU received over all its NVLinks.",
);
const ERRORS: Metric =
    Metric::counter("nvidia_gpu_nvlink_errors_total", "Errors of all NVLinks of the GPU, by kind.");

pub(super) fn add(of: &mut OfGpu<'_>, nvlink: &Nvlink) {
    let Nvlink { links_active, transmitted, received, errors } = nvlink;
    of.add(&ACTIVE, *links_active);
    of.add(&TRANSMITTED, *transmitted);
    of.add(&RECEIVED, *received);
    for (error, count) in errors {
        of.add_with(&ERRORS, &[("error", error)], *count);
    }
}
