//! An H200 as it is while an engine works on it. Numbers differ from GPU to GPU, so that a test notices
//! when two are mixed up, and no counter is 0 that is not an error's.

use std::collections::BTreeMap;

use crate::script::{Gpu, Link, Process};

/// What `nvidia-smi` shows as 143771 MiB.
const MEMORY: u64 = 143_771 << 20;
const RESERVED: u64 = 610 << 20;
const USED: u64 = 129_000 << 20;
/// NVLinks of an H200 on an HGX board.
const LINKS: u64 = 18;

impl Gpu {
    /// The GPU with this index.
    pub(crate) fn h200(index: u32) -> Self {
        let wide = u64::from(index);
        let used = USED + (wide << 30);
        Self {
            all: 0,
            unsupported: Vec::new(),
            fail: BTreeMap::new(),
            hang: Vec::new(),
            uuid: format!("GPU-5ca1ab1e-0000-4000-8000-00000000000{index}"),
            name: "NVIDIA H200".to_owned(),
            serial: format!("165432100000{index}"),
            vbios: "96.00.CE.00.01".to_owned(),
            pci_bus_id: format!("00000000:{:02X}:00.0", 0x18 + 0x10 * index),
            utilization: [90 + index, 40 + index],
            encoder: 0,
            decoder: 3 + index,
            memory: [MEMORY, RESERVED, MEMORY - RESERVED - used, used],
            temperature: 50 + index,
            memory_temperature: 60 + index,
            thresholds: [92, 89, 95, 87],
            power_mw: 500_000 + 1_000 * index,
            power_instant_mw: 510_500 + 1_000 * index,
            power_limits_mw: [700_000, 700_000, 200_000, 700_000],
            energy_mj: 1_000_000_500 + 1_000_000 * wide,
            clocks: [1_965 + index, 1_950, 3_201, 1_530],
            max_clocks: [1_980, 1_980, 3_201, 1_545],
            throttle_reasons: 0,
            violations_ns: [5_000_000_000, 1_500_000_000, 0, 0, 0, 0],
            slowdowns_ns: [250_000_000, 0, 0],
            performance_state: 0,
            ecc_enabled: true,
            ecc_errors: [2 + wide, 0, 20 + wide, 0],
            remapped_rows: [0; 4],
            pcie_tx_bytes: 10_000_000_000 + wide,
            pcie_rx_bytes: 20_000_000_000 + wide,
            pcie_narrow: false,
            pcie_replays: index,
            pcie_link: [5, 5, 16, 16],
            links: (0..LINKS).map(|link| link_of(wide, link)).collect(),
            gpm: BTreeMap::from([
                (1, 95.5),
                (2, 81.25),
                (3, 33.5),
                (5, 47.125 + f64::from(index)),
                (10, 62.75),
                (11, 0.0),
                (12, 8.5),
                (13, 12.25),
            ]),
            recovery_action: 0,
            processes: vec![Process {
                pid: 4_000_000 + index,
                memory: Some(used - (500 << 20)),
                sm: Some(90 + index),
            }],
        }
    }
}

fn link_of(gpu: u64, link: u64) -> Link {
    Link {
        active: true,
        tx_kib: 1_000_000 + 1_000 * gpu + link,
        rx_kib: 2_000_000 + 1_000 * gpu + link,
        errors: [0; 5],
    }
}
