//! The load curve: what moves, and how counters grow with it.

use std::f64::consts::TAU;

use crate::script::Gpu;

/// Least load of the curve, as a part of the most.
const LEAST: f64 = 0.1;

impl Gpu {
    /// The GPU as it is `elapsed` seconds on, on a curve with this period.
    pub(crate) fn at(&self, elapsed: f64, period: f64) -> Self {
        let middle = f64::midpoint(LEAST, 1.0);
        let turn = TAU * elapsed / period;
        let load = middle - (1.0 - middle) * turn.cos();
        // The integral of the load: its second part is what the swing has added so far.
        let worked = middle * elapsed - (1.0 - middle) * turn.sin() * period / TAU;
        let mut now = self.clone();
        now.utilization = self.utilization.map(|percent| scaled(percent, load));
        now.power_mw = scaled(self.power_mw, load);
        now.power_instant_mw = scaled(self.power_instant_mw, load);
        now.energy_mj += grown(f64::from(self.power_mw), worked);
        now.pcie_tx_bytes += grown(1e9, worked);
        now.pcie_rx_bytes += grown(2e9, worked);
        for percent in now.gpm.values_mut() {
            *percent *= load;
        }
        for link in &mut now.links {
            link.tx_kib += grown(1e6, worked);
            link.rx_kib += grown(1e6, worked);
        }
        now
    }
}

fn scaled(value: u32, by: f64) -> u32 {
    (f64::from(value) * by).round() as u32
}

fn grown(per_second: f64, seconds: f64) -> u64 {
    (per_second * seconds).max(0.0) as u64
}
