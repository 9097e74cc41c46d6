//! The bus.

use weir_families::Metric;

use super::of_gpu::OfGpu;
use crate::snapshot::Pcie;

const TRANSMITTED: Metric = Metric::counter(
    "nvidia_gpu_pcie_transmitted_bytes_total",
    "Bytes that the GPU sent over PCIe, since the driver was loaded.",
);
const RECEIVED: Metric = Metric::counter(
    "nvidia_gpu_pcie_received_bytes_total",
    "Bytes that the GPU received over PCIe, since the driver was loaded.",
);
const REPLAYS: Metric = Metric::counter(
    "nvidia_gpu_pcie_replays_total",
    "Packets that had to be sent again over PCIe.",
);
const GENERATION: Metric = Metric::gauge(
    "nvidia_gpu_pcie_link_generation",
    "PCIe generation of the link; lower while the GPU is idle.",
);
const GENERATION_MAX: Metric = Metric::gauge(
    "nvidia_gpu_pcie_link_generation_max",
    "Highest PCIe generation that the GPU and its slot can do.",
);
const WIDTH: Metric = Metric::gauge("nvidia_gpu_pcie_link_width", "Lanes of the PCIe link.");
const WIDTH_MAX: Metric =
    Metric::gauge("nvidia_gpu_pcie_link_width_max", "Most lanes that the GPU and its slot can do.");

pub(super) fn add(of: &mut OfGpu<'_>, pcie: Pcie) {
    let Pcie { transmitted, received, replays, generation, generation_max, width, width_max } =
        pcie;
    of.add(&TRANSMITTED, transmitted);
    of.add(&RECEIVED, received);
    of.add(&REPLAYS, replays);
    of.add(&GENERATION, generation);
    of.add(&GENERATION_MAX, generation_max);
    of.add(&WIDTH, width);
    of.add(&WIDTH_MAX, width_max);
}
