//! Snapshots written by hand, and how reading stood then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use weir_daemon::exposition::to_text;
use weir_daemon::reload::Reloads;
use weir_gpu_exporter::exposition::{Exporter, LeftOut, openmetrics};
use weir_gpu_exporter::snapshot::{
    Activity, Clocks, Driver, Ecc, Gpu, GpuError, Identity, Memory, Nvlink, Pcie, Power, Process,
    Reading, Snapshot, Temperature, Utilization, Xid,
};
use weir_gpu_exporter::source::simulate::Simulation;
use weir_gpu_exporter::state::{Reads, State};

/// A state of the exporter, as its pages have it.
pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) source: &'static str,
    pub(crate) state: State,
}

impl Script {
    pub(crate) fn openmetrics(&self) -> String {
        let exporter = Exporter {
            source: self.source,
            simulated: self.source == "simulate",
            state: &self.state,
            left_out: LeftOut::default(),
            reloads: Reloads::default(),
        };
        openmetrics(self.state.snapshot.as_deref(), &exporter)
    }

    /// As `curl` gets it, without what is the daemon's.
    pub(crate) fn text(&self) -> String {
        to_text(&self.openmetrics())
    }
}

/// One for each file in `tests/expected`.
pub(crate) fn all() -> Vec<Script> {
    let lost = vec![
        gpu(0, Ok(bare())),
        Gpu { xids: xids(79), xid_watched: Some(false), ..gpu(1, Err(GpuError::Lost)) },
        gpu(2, Err(GpuError::ResetRequired)),
    ];
    let mut no_answer = nvml("no_answer", vec![gpu(0, Err(GpuError::TimedOut))]);
    no_answer.state.error = Some("the driver did not answer within 5 s".to_owned());
    no_answer.state.reads.timeout = 2;
    let mut no_driver = nvml("no_driver", Vec::new());
    no_driver.state = State {
        error: Some("there is no driver".to_owned()),
        reads: Reads { error: 3, ..Reads::default() },
        ..State::default()
    };
    let mut odd = gpu(0, Ok(odd_processes()));
    odd.identity.name = Some("NVIDIA \"odd\" \\ n\name".to_owned());
    vec![
        nvml("full", vec![full_gpu()]),
        nvml("bare", vec![gpu(0, Ok(bare()))]),
        nvml("lost", lost),
        no_answer,
        no_driver,
        nvml("no_gpu", Vec::new()),
        nvml("odd", vec![odd]),
        simulated(),
    ]
}

/// One GPU of which everything is known.
pub(crate) fn full() -> Script {
    nvml("full", vec![full_gpu()])
}

pub(crate) fn nvml(name: &'static str, gpus: Vec<Gpu>) -> Script {
    let (version, cuda) = (Some("580.95.05".to_owned()), Some("13.0".to_owned()));
    let driver = Some(Driver { version, cuda });
    let snapshot = Snapshot { taken: noon(), driver, gpus };
    Script { name, source: "nvml", state: read(snapshot) }
}

fn simulated() -> Script {
    let snapshot = Simulation::at(noon(), Duration::from_secs(570));
    Script { name: "simulated", source: "simulate", state: read(snapshot) }
}

fn read(snapshot: Snapshot) -> State {
    State {
        last_success: Some(snapshot.taken),
        snapshot: Some(Arc::new(snapshot)),
        error: None,
        last_read: Some(Duration::from_millis(25)),
        reads: Reads { success: 7, error: 1, timeout: 0 },
    }
}

fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_785_585_600_500)
}

pub(crate) fn gpu(index: u32, reading: Result<Reading, GpuError>) -> Gpu {
    let identity = Identity {
        uuid: format!("GPU-8a1b7c2d-0000-4000-8000-00000000000{index}"),
        index,
        ..Identity::default()
    };
    Gpu { identity, xids: BTreeMap::new(), xid_watched: None, reading }
}

fn xids(code: u64) -> BTreeMap<u64, Xid> {
    BTreeMap::from([(code, Xid { count: 2, last: noon() - Duration::from_secs(60) })])
}

/// A GPU that tells its memory and nothing else.
fn bare() -> Reading {
    let memory = Memory { total: 85_520_809_984, used: 0, free: 85_520_809_984, reserved: None };
    Reading { memory: Some(memory), ..Reading::default() }
}

/// Processes in containers and outside, and memory that is not told.
fn odd_processes() -> Reading {
    let process = |pid, memory, sm, container: Option<&str>| Process {
        pid,
        memory,
        sm,
        container: container.map(|digit| digit.repeat(64)),
    };
    let processes = vec![
        process(11, None, None, None),
        process(12, Some(1_000), Some(30), Some("a")),
        process(13, Some(5_000), Some(10), Some("b")),
        process(14, Some(2_000), Some(0), Some("a")),
    ];
    Reading { processes: Some(processes), processes_unresolved: Some(1), ..Reading::default() }
}

fn full_gpu() -> Gpu {
    let known = |text: &str| Some(text.to_owned());
    let identity = Identity {
        uuid: "GPU-8a1b7c2d-1111-4222-8333-444455556666".to_owned(),
        index: 4,
        name: known("NVIDIA H200"),
        serial: known("1654123000042"),
        vbios: known("96.00.BC.00.01"),
        pci_bus_id: known("00000000:9A:00.0"),
    };
    Gpu { identity, xids: xids(48), xid_watched: Some(true), reading: Ok(full_reading()) }
}

fn full_reading() -> Reading {
    Reading {
        utilization: Utilization {
            gpu: Some(97),
            memory: Some(41),
            encoder: Some(0),
            decoder: Some(7),
        },
        activity: activity(),
        memory: Some(Memory {
            total: 150_754_820_096,
            used: 135_680_000_000,
            free: 14_437_285_888,
            reserved: Some(637_534_208),
        }),
        temperature: temperature(),
        power: power(),
        clocks: clocks(),
        ecc: ecc(),
        pcie: pcie(),
        nvlink: Nvlink {
            links_active: Some(18),
            transmitted: Some(9_007_199_254_740_992),
            received: Some(123_456_789_012),
            errors: ["crc_data", "crc_flit", "ecc_data", "recovery", "replay"]
                .map(|kind| (kind, 3))
                .into(),
        },
        processes: Some(vec![Process {
            pid: 4_242,
            memory: Some(135_000_000_000),
            sm: Some(88),
            container: Some("c0ffee42".repeat(8)),
        }]),
        processes_unresolved: Some(0),
        recovery_action: Some(2),
    }
}

fn activity() -> Activity {
    Activity {
        graphics: Some(98.5),
        sm: Some(62.0),
        sm_occupancy: Some(18.25),
        tensor: Some(33.0),
        dram: Some(57.0),
        fp64: Some(0.0),
        fp32: Some(6.5),
        fp16: Some(2.0),
    }
}

fn temperature() -> Temperature {
    Temperature {
        gpu: Some(64),
        memory: Some(71),
        slowdown: Some(89),
        shutdown: Some(92),
        max_operating: Some(87),
        memory_max: Some(95),
    }
}

fn power() -> Power {
    Power {
        usage: Some(512_345),
        instant: Some(530_001),
        limit: Some(650_000),
        limit_default: Some(700_000),
        limit_min: Some(200_000),
        limit_max: Some(700_000),
        energy: Some(98_765_432_101),
    }
}

fn clocks() -> Clocks {
    let domains =
        |sm| BTreeMap::from([("graphics", sm), ("memory", 3_201), ("sm", sm), ("video", 1_545)]);
    Clocks {
        current: domains(1_755),
        max: domains(1_980),
        reasons: Some([("gpu_idle", false), ("hw_slowdown", false), ("sw_power_cap", true)].into()),
        reason_time: [("hw_slowdown", 0), ("sw_power_cap", 12_500_000_000)].into(),
        performance_state: Some(0),
    }
}

fn ecc() -> Ecc {
    Ecc {
        enabled: Some(true),
        corrected_volatile: Some(1),
        uncorrected_volatile: Some(2),
        corrected_aggregate: Some(30),
        uncorrected_aggregate: Some(4),
        remapped_correctable: Some(5),
        remapped_uncorrectable: Some(6),
        remapping_pending: Some(true),
        remapping_failed: Some(false),
    }
}

fn pcie() -> Pcie {
    Pcie {
        transmitted: Some(1_234_567_890_123),
        received: Some(2_345_678_901_234),
        replays: Some(9),
        generation: Some(4),
        generation_max: Some(5),
        width: Some(8),
        width_max: Some(16),
    }
}
