//! From a snapshot to metrics: one file per group. Nothing is kept between scrapes, so what the driver no
//! longer tells is gone with the next one.

mod activity;
mod clocks;
mod ecc;
mod exporter;
mod health;
mod memory;
mod nvlink;
mod of_gpu;
mod pcie;
mod power;
mod processes;
mod temperature;
mod utilization;
mod value;
mod xid;

pub use exporter::Exporter;
use of_gpu::OfGpu;
pub use processes::{LeftOut, left_out};

use weir_families::Families;

use crate::snapshot::Snapshot;

/// The metrics of the last snapshot and of the exporter itself, as OpenMetrics text without `# EOF`.
pub fn openmetrics(snapshot: Option<&Snapshot>, exporter: &Exporter<'_>) -> String {
    let mut families = Families::default();
    exporter::add(&mut families, exporter);
    if let Some(snapshot) = snapshot {
        health::add(&mut families, snapshot);
        for gpu in &snapshot.gpus {
            let mut of = OfGpu::new(&mut families, &gpu.identity);
            xid::add(&mut of, &gpu.xids, gpu.xid_watched);
            let Ok(reading) = &gpu.reading else { continue };
            utilization::add(&mut of, reading.utilization);
            activity::add(&mut of, reading.activity);
            memory::add(&mut of, reading.memory);
            temperature::add(&mut of, reading.temperature);
            power::add(&mut of, reading.power);
            clocks::add(&mut of, &reading.clocks);
            ecc::add(&mut of, reading.ecc);
            pcie::add(&mut of, reading.pcie);
            nvlink::add(&mut of, &reading.nvlink);
            processes::add(&mut of, gpu);
        }
    }
    families.openmetrics() + &exporter.reloads.openmetrics()
}
