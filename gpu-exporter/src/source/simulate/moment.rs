//! What a simulated GPU does at a moment.
//!
//! Counters begin at 0 with the exporter: to Prometheus one that comes back lower was reset, and has counted
//! all that it shows since.

use std::collections::BTreeMap;

use super::load::Load;
use crate::snapshot::{
    Activity, Clocks, Ecc, Memory, Nvlink, Pcie, Power, Process, Reading, Temperature, Utilization,
};

/// Has had a row of its memory remapped.
const WITH_REMAPPED_ROW: u32 = 3;
/// Gets too hot in the last minute of every ten.
const HOT: u32 = 6;
const HOT_EVERY: f64 = 600.0;
const HOT_AFTER: f64 = 540.0;

/// 143,771 MiB, as an H200 has it.
const MEMORY_TOTAL: u64 = 143_771 << 20;
const MEMORY_RESERVED: u64 = 610 << 20;
const MEMORY_PROCESS: u64 = 129_394 << 20;
const MEMORY_USED: u64 = MEMORY_PROCESS + (5 << 20);

const IDLE_WATTS: f64 = 115.0;
const LOAD_WATTS: f64 = 560.0;
const LIMIT_MILLIWATTS: u32 = 700_000;

/// Where it is at its limit, it stays at its limit.
const MAX_OPERATING_CELSIUS: u32 = 87;
const MAX_MEGAHERTZ: u32 = 1980;

/// As the driver's are called.
const HEAT: &str = "sw_thermal";
const REASONS: [&str; 9] = [
    "gpu_idle",
    "applications_clocks",
    "sw_power_cap",
    "hw_slowdown",
    "sync_boost",
    HEAT,
    "hw_thermal",
    "power_brake",
    "display_clocks",
];

/// What the numbers are made of.
pub(super) struct Moment {
    index: u32,
    container: u8,
    /// 0 to 1.
    load: f64,
    /// Seconds of full load since the start.
    worked: f64,
    /// Since the start.
    seconds: f64,
    is_hot: bool,
}

impl Moment {
    pub(super) fn of(index: u32, load: Load, container: u8, seconds: f64) -> Self {
        Self {
            index,
            container,
            load: load.at(seconds),
            worked: load.until(seconds),
            seconds,
            is_hot: index == HOT && seconds % HOT_EVERY >= HOT_AFTER,
        }
    }

    pub(super) fn reading(&self) -> Reading {
        Reading {
            utilization: self.utilization(),
            activity: self.activity(),
            memory: Some(Memory {
                total: MEMORY_TOTAL,
                used: MEMORY_USED,
                free: MEMORY_TOTAL - MEMORY_USED - MEMORY_RESERVED,
                reserved: Some(MEMORY_RESERVED),
            }),
            temperature: self.temperature(),
            power: self.power(),
            clocks: self.clocks(),
            ecc: self.ecc(),
            pcie: self.pcie(),
            nvlink: self.nvlink(),
            processes: Some(vec![Process {
                pid: 20_000 + self.index,
                memory: Some(MEMORY_PROCESS),
                sm: Some((self.load * 100.0) as u32),
                container: Some(format!("51a{:x}", self.container).repeat(16)),
            }]),
            processes_unresolved: Some(0),
            recovery_action: Some(0),
        }
    }

    /// A server of models is busy nearly all the time, however little it does.
    fn utilization(&self) -> Utilization {
        Utilization {
            gpu: Some((100.0 * self.load.powf(0.2)) as u32),
            memory: Some((70.0 * self.load) as u32),
            encoder: Some(0),
            decoder: Some(0),
        }
    }

    fn activity(&self) -> Activity {
        let percent = |most: f64| Some((most * self.load * 10.0).round() / 10.0);
        Activity {
            graphics: percent(98.0),
            sm: percent(85.0),
            sm_occupancy: percent(22.0),
            tensor: percent(45.0),
            dram: percent(65.0),
            fp64: Some(0.0),
            fp32: percent(9.0),
            fp16: percent(4.0),
        }
    }

    fn temperature(&self) -> Temperature {
        let place = if self.index == HOT { 10 } else { self.index % 3 };
        let gpu = if self.is_hot {
            MAX_OPERATING_CELSIUS
        } else {
            31 + place + (36.0 * self.load) as u32
        };
        Temperature {
            gpu: Some(gpu),
            memory: Some(gpu + 6),
            slowdown: Some(89),
            shutdown: Some(92),
            max_operating: Some(MAX_OPERATING_CELSIUS),
            memory_max: Some(95),
        }
    }

    fn power(&self) -> Power {
        let watts = IDLE_WATTS + LOAD_WATTS * self.load;
        let joules = IDLE_WATTS * self.seconds + LOAD_WATTS * self.worked;
        let ripple = 6.0 * (7.0 * self.seconds).sin();
        Power {
            usage: Some((watts * 1e3) as u32),
            instant: Some(((watts + ripple) * 1e3) as u32),
            limit: Some(LIMIT_MILLIWATTS),
            limit_default: Some(LIMIT_MILLIWATTS),
            limit_min: Some(200_000),
            limit_max: Some(LIMIT_MILLIWATTS),
            energy: Some((joules * 1e3) as u64),
        }
    }

    fn clocks(&self) -> Clocks {
        let megahertz =
            if self.is_hot { 1_260 } else { MAX_MEGAHERTZ - (150.0 * self.load) as u32 };
        let domains = |chip: u32| {
            BTreeMap::from([("graphics", chip), ("memory", 3_201), ("sm", chip), ("video", 1_545)])
        };
        let rounds = (self.seconds / HOT_EVERY).floor();
        let this_round = (self.seconds % HOT_EVERY - HOT_AFTER).max(0.0);
        let hot = match self.index {
            HOT => rounds * (HOT_EVERY - HOT_AFTER) + this_round,
            _ => 0.0,
        };
        Clocks {
            current: domains(megahertz),
            max: domains(MAX_MEGAHERTZ),
            reasons: Some(REASONS.map(|reason| (reason, reason == HEAT && self.is_hot)).into()),
            reason_time: BTreeMap::from([(HEAT, (hot * 1e9) as u64), ("sw_power_cap", 0)]),
            performance_state: Some(0),
        }
    }

    fn ecc(&self) -> Ecc {
        let rows = u32::from(self.index == WITH_REMAPPED_ROW);
        Ecc {
            enabled: Some(true),
            corrected_volatile: Some(0),
            uncorrected_volatile: Some(0),
            corrected_aggregate: Some(0),
            uncorrected_aggregate: Some(rows.into()),
            remapped_correctable: Some(0),
            remapped_uncorrectable: Some(rows),
            remapping_pending: Some(false),
            remapping_failed: Some(false),
        }
    }

    fn pcie(&self) -> Pcie {
        Pcie {
            transmitted: Some((9e7 * self.worked) as u64),
            received: Some((2e8 * self.worked) as u64),
            replays: Some(0),
            generation: Some(5),
            generation_max: Some(5),
            width: Some(16),
            width_max: Some(16),
        }
    }

    /// Only those that serve a model together talk to each other.
    fn nvlink(&self) -> Nvlink {
        let bytes = if self.container < 2 { (3e10 * self.worked) as u64 } else { 0 };
        let kinds = ["crc_data", "crc_flit", "ecc_data", "recovery", "replay"];
        Nvlink {
            links_active: Some(18),
            transmitted: Some(bytes),
            received: Some(bytes),
            errors: kinds.map(|kind| (kind, 0)).into(),
        }
    }
}
