//! Processes on the GPU, and the containers that they run in.

use std::cmp::Reverse;

use weir_families::Metric;

use super::of_gpu::OfGpu;
use crate::container::shown;
use crate::snapshot::Gpu;

/// So many processes of one GPU are shown at most, those with the most memory.
const MOST: usize = 1_000;

const PROCESSES: Metric =
    Metric::gauge("nvidia_gpu_processes", "Processes with a context on the GPU.");
const UNRESOLVED: Metric = Metric::gauge(
    "nvidia_gpu_processes_unresolved",
    "Those of them that are not found in /proc: nothing is known of their containers.",
);
const INFO: Metric = Metric::gauge(
    "nvidia_gpu_process_info",
    "A process with a context on the GPU, and its container; the 1000 of a GPU that hold the most memory.",
);
const MEMORY: Metric = Metric::gauge(
    "nvidia_gpu_container_memory_used_bytes",
    "Memory of the GPU that the container's processes hold; without an id: those outside containers, or not found; other: all beyond 256.",
);
const SHARE: Metric = Metric::gauge(
    "nvidia_gpu_container_share",
    "Part of the GPU that is the container's; the parts of a GPU in use sum to 1. exclusive: nobody else is on it; shared: an estimate.",
);

pub(super) fn add(of: &mut OfGpu<'_>, gpu: &Gpu) {
    let Ok(reading) = &gpu.reading else { return };
    let Some(processes) = &reading.processes else { return };
    of.add(&PROCESSES, processes.len());
    of.add(&UNRESOLVED, reading.processes_unresolved);
    let mut largest_first: Vec<_> = processes.iter().collect();
    largest_first.sort_by_key(|process| (Reverse(process.memory), process.pid));
    for process in largest_first.into_iter().take(MOST) {
        let pid = process.pid.to_string();
        let container = process.container.as_deref().unwrap_or_default();
        of.add_with(&INFO, &[("pid", &pid), ("container_id", container)], true);
    }
    let shown = shown(gpu);
    for (container, bytes) in shown.memory {
        of.add_with(&MEMORY, &[("container_id", &container)], bytes);
    }
    for share in shown.shares {
        let labels = [
            ("container_id", share.container_id.as_str()),
            ("attribution", share.attribution.as_str()),
        ];
        of.add_with(&SHARE, &labels, share.share);
    }
}

/// What has no series of its own, because there is too much of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Processes.
    pub processes: u64,
    /// Containers.
    pub containers: u64,
}

/// What is not shown of this GPU.
pub fn left_out(gpu: &Gpu) -> LeftOut {
    let processes = gpu.reading.as_ref().ok().and_then(|reading| reading.processes.as_deref());
    let processes = processes.map_or(0, |processes| processes.len().saturating_sub(MOST));
    LeftOut { processes: processes as u64, containers: shown(gpu).left_out as u64 }
}
