//! What a script says: the state of the driver and of each GPU. The tests have this file too, so that
//! both sides mean the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Everything; what a script leaves out is as in [`Script::default`].
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Script {
    /// Where to write one line per call: its name, then the GPU's index and what else tells calls apart.
    pub(crate) calls: Option<PathBuf>,
    /// What `nvmlInit_v2` answers: 0, or an NVML error.
    pub(crate) init: u32,
    /// What every other call answers, if not 0: a driver that went away.
    pub(crate) all: u32,
    /// Calls of the library as a whole that fail, by name.
    pub(crate) fail: BTreeMap<String, u32>,
    /// Calls of the library as a whole that block until they are listed no more.
    pub(crate) hang: Vec<String>,
    /// Handles given out under another number are stale, and answered with `InvalidArgument`.
    pub(crate) handles: u8,
    /// Version of the driver.
    pub(crate) driver: String,
    /// Version of CUDA: 13000 is 13.0.
    pub(crate) cuda: i32,
    /// Period in which utilisation, power and activity swing between a tenth and all of what is scripted,
    /// with energy and traffic growing accordingly. `None`: nothing moves.
    pub(crate) wave_seconds: Option<f64>,
    /// XID events so far, in order; each is told once.
    pub(crate) xids: Vec<XidEvent>,
    /// By index.
    pub(crate) gpus: Vec<Gpu>,
}

/// A critical XID error.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct XidEvent {
    /// Index of the GPU.
    pub(crate) gpu: usize,
    /// Its code.
    pub(crate) xid: u64,
}

/// One GPU, in the units of NVML.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gpu {
    /// What every call answers that is asked of it, if not 0: 15 is lost, 16 needs a reset.
    pub(crate) all: u32,
    /// Calls answered with `NotSupported`: a name, `field:82` or `gpm:5`.
    pub(crate) unsupported: Vec<String>,
    /// Calls answered with an error, by name, `field:82` or `gpm:5`.
    pub(crate) fail: BTreeMap<String, u32>,
    /// Calls that block until they are listed no more.
    pub(crate) hang: Vec<String>,

    pub(crate) uuid: String,
    pub(crate) name: String,
    pub(crate) serial: String,
    pub(crate) vbios: String,
    pub(crate) pci_bus_id: String,

    pub(crate) utilization: [u32; 2],
    pub(crate) encoder: u32,
    pub(crate) decoder: u32,
    /// Total, reserved, free, used.
    pub(crate) memory: [u64; 4],
    pub(crate) temperature: u32,
    pub(crate) memory_temperature: u32,
    /// By `nvmlTemperatureThresholds_t`: shutdown, slowdown, memory, chip.
    pub(crate) thresholds: [u32; 4],
    pub(crate) power_mw: u32,
    pub(crate) power_instant_mw: u32,
    /// Enforced, default, lowest, highest.
    pub(crate) power_limits_mw: [u32; 4],
    pub(crate) energy_mj: u64,
    /// By `nvmlClockType_t`: graphics, SM, memory, video.
    pub(crate) clocks: [u32; 4],
    pub(crate) max_clocks: [u32; 4],
    /// Bits of `nvmlClocksEventReason…`.
    pub(crate) throttle_reasons: u64,
    /// Nanoseconds by `nvmlPerfPolicyType_t` 0 to 5: the fields 74 to 79.
    pub(crate) violations_ns: [u64; 6],
    /// Nanoseconds of slowdown: software thermal, hardware thermal, power brake.
    pub(crate) slowdowns_ns: [u64; 3],
    pub(crate) performance_state: u32,
    pub(crate) ecc_enabled: bool,
    /// Corrected and not, since the driver was loaded; corrected and not, ever.
    pub(crate) ecc_errors: [u64; 4],
    /// Correctable, uncorrectable, pending, failed: the fields 142 to 145.
    pub(crate) remapped_rows: [u32; 4],
    pub(crate) pcie_tx_bytes: u64,
    pub(crate) pcie_rx_bytes: u64,
    /// The driver tells the lower 32 bits of these only.
    #[serde(default)]
    pub(crate) pcie_narrow: bool,
    pub(crate) pcie_replays: u32,
    /// Generation now and at most, lanes now and at most.
    pub(crate) pcie_link: [u32; 4],
    pub(crate) links: Vec<Link>,
    /// Percent by metric id of GPM.
    pub(crate) gpm: BTreeMap<u32, f64>,
    pub(crate) recovery_action: u32,
    pub(crate) processes: Vec<Process>,
}

/// One NVLink.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    pub(crate) active: bool,
    pub(crate) tx_kib: u64,
    pub(crate) rx_kib: u64,
    /// By `nvmlNvLinkErrorCounter_t`: replay, recovery, CRC of flits, CRC of data, ECC of data.
    pub(crate) errors: [u64; 5],
}

/// A process with a context on a GPU.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// `None`: not available.
    pub(crate) memory: Option<u64>,
    /// Percent of SM time; `None`: no sample of it.
    pub(crate) sm: Option<u32>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            calls: None,
            init: 0,
            all: 0,
            fail: BTreeMap::new(),
            hang: Vec::new(),
            handles: 0,
            driver: "580.95.05".to_owned(),
            cuda: 13_000,
            wave_seconds: None,
            xids: Vec::new(),
            gpus: (0..8).map(Gpu::h200).collect(),
        }
    }
}
