//! Counters of the driver's that go backwards: for Prometheus, that is a reset.

use crate::rig::Rig;

#[test]
fn counters_are_shown_as_they_are_read() {
    let mut rig = Rig::with(|_| {});
    let before = rig.until_read();
    assert_eq!(before.of_gpu("nvidia_gpu_energy_joules_total", 4), Some(1_004_000.5));
    rig.change(|script| {
        let gpu = &mut script.gpus[4];
        gpu.energy_mj = 2_500;
        gpu.pcie_tx_bytes = 3;
        gpu.links.iter_mut().for_each(|link| link.tx_kib = 1);
        gpu.ecc_errors = [0; 4];
    });
    let energy = "nvidia_gpu_energy_joules_total";
    let after = rig.until("the reset", |scrape| scrape.of_gpu(energy, 4) == Some(2.5));
    assert_eq!(after.of_gpu("nvidia_gpu_pcie_transmitted_bytes_total", 4), Some(3.0));
    let nvlink = "nvidia_gpu_nvlink_transmitted_bytes_total";
    assert_eq!(after.of_gpu(nvlink, 4), Some(18.0 * 1024.0));
    assert_eq!(after.of_gpu(energy, 5), before.of_gpu(energy, 5));
    assert!(after.up());
}
