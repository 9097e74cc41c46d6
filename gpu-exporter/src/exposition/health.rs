//! Which GPUs there are, and whether they can be asked.

use weir_families::{Families, Metric};

use super::of_gpu::OfGpu;
use crate::snapshot::{Driver, Identity, Snapshot};

const INFO: Metric = Metric::gauge(
    "nvidia_gpu_info",
    "What the GPU is, and the driver that runs it; what is not known is empty.",
);
const DEVICES: Metric =
    Metric::gauge("nvidia_gpu_num_devices", "GPUs that the driver lists, lost ones included.");
const UP: Metric =
    Metric::gauge("nvidia_gpu_up", "1 where the GPU answers, else 0: then nothing else is known.");
const RECOVERY_ACTION: Metric = Metric::gauge(
    "nvidia_gpu_recovery_action",
    "What the driver recommends: 0 nothing, 1 reset the GPU, 2 reboot the node, 3 drain peer to peer traffic, 4 drain and reset; newer drivers have more.",
);

pub(super) fn add(families: &mut Families, snapshot: &Snapshot) {
    families.add(&DEVICES, &[], snapshot.gpus.len());
    let unknown = Driver::default();
    let driver = snapshot.driver.as_ref().unwrap_or(&unknown);
    for gpu in &snapshot.gpus {
        let Identity { uuid: _, index: _, name, serial, vbios, pci_bus_id } = &gpu.identity;
        let mut of = OfGpu::new(families, &gpu.identity);
        of.add_with(
            &INFO,
            &[
                ("name", text(name)),
                ("serial", text(serial)),
                ("vbios", text(vbios)),
                ("pci_bus_id", text(pci_bus_id)),
                ("driver_version", text(&driver.version)),
                ("cuda_version", text(&driver.cuda)),
            ],
            true,
        );
        of.add(&UP, gpu.reading.is_ok());
        if let Ok(reading) = &gpu.reading {
            of.add(&RECOVERY_ACTION, reading.recovery_action);
        }
    }
}

/// To Prometheus a label that is empty is one that is not there.
fn text(known: &Option<String>) -> &str {
    known.as_deref().unwrap_or_default()
}
