//! Processes on the GPU, and the containers that they run in.

use std::cmp::Reverse;

use super::families::{Metric, OfGpu};
use crate::container::{container_memory, shares};
use crate::snapshot::{Gpu, Process};

/// So many processes of one GPU are shown at most, those with the most memory.
const MOST: usize = 1_000;

const PROCESSES: Metric =
    Metric::gauge("nvidia_gpu_processes", "Processes with a context on the GPU.");
const INFO: Metric = Metric::gauge(
    "nvidia_gpu_process_info",
    "A process with a context on the GPU, and its container; the 1000 of a GPU that hold the most memory.",
);
const MEMORY: Metric = Metric::gauge(
    "nvidia_gpu_container_memory_used_bytes",
    "Memory of the GPU that the container's processes hold; without an id: those outside containers.",
);
const SHARE: Metric = Metric::gauge(
    "nvidia_gpu_container_share",
    "Part of the GPU that is the container's; the parts of a GPU in use sum to 1. exclusive: nobody else is on it; shared: an estimate.",
);

pub(super) fn add(of: &mut OfGpu<'_>, gpu: &Gpu) {
    let Some(processes) = listed(gpu) else { return };
    of.add(&PROCESSES, processes.len());
    let mut largest_first: Vec<_> = processes.iter().collect();
    largest_first.sort_by_key(|process| (Reverse(process.memory), process.pid));
    for process in largest_first.into_iter().take(MOST) {
        let pid = process.pid.to_string();
        let container = process.container.as_deref().unwrap_or_default();
        of.add_with(&INFO, &[("pid", &pid), ("container_id", container)], true);
    }
    for (container, bytes) in container_memory(gpu) {
        of.add_with(&MEMORY, &[("container_id", &container)], bytes);
    }
    for share in shares(gpu) {
        let labels = [
            ("container_id", share.container_id.as_str()),
            ("attribution", share.attribution.as_str()),
        ];
        of.add_with(&SHARE, &labels, share.share);
    }
}

/// How many processes are not shown, because there are too many.
pub fn left_out(gpu: &Gpu) -> usize {
    listed(gpu).map_or(0, |processes| processes.len().saturating_sub(MOST))
}

fn listed(gpu: &Gpu) -> Option<&[Process]> {
    gpu.reading.as_ref().ok()?.processes.as_deref()
}
