//! What was read of all GPUs at one moment: plain data, whoever read it.
//!
//! A member that is `None` is something that the card or its driver can't tell; it is absent from the
//! exposition, never 0. Units are NVML's own, named in each member; the exposition converts to base
//! units in one place.

use std::collections::BTreeMap;
use std::time::SystemTime;

/// All GPUs at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// When reading began.
    pub taken: SystemTime,
    /// The driver that was asked; nothing for what is simulated.
    pub driver: Option<Driver>,
    /// By index.
    pub gpus: Vec<Gpu>,
}

/// Versions of the driver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Driver {
    /// Of the driver, such as `580.95.05`.
    pub version: Option<String>,
    /// Of CUDA that it brings, such as `13.0`.
    pub cuda: Option<String>,
}

/// One GPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Gpu {
    /// What it is.
    pub identity: Identity,
    /// XID events since the exporter's start, by code; told of a GPU that is lost as well, since one of
    /// them (79, fallen off the bus) is why.
    pub xids: BTreeMap<u64, Xid>,
    /// Whether XIDs are listened for, so that none means none; `None`: it does not tell of any.
    pub xid_watched: Option<bool>,
    /// What it does; an error says why it can't be asked (lost, needs a reset), while others go on.
    pub reading: Result<Reading, GpuError>,
}

/// What a GPU is. `uuid` and `index` are the labels of all its metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `GPU-…`
    pub uuid: String,
    /// In the order of the PCI bus, as `nvidia-smi` counts.
    pub index: u32,
    /// Such as `NVIDIA H200`.
    pub name: Option<String>,
    /// Serial number of the board.
    pub serial: Option<String>,
    /// Version of the VBIOS.
    pub vbios: Option<String>,
    /// Such as `00000000:18:00.0`.
    pub pci_bus_id: Option<String>,
}

/// Why a GPU can't be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GpuError {
    /// It has fallen off the bus, or is not reachable otherwise.
    Lost,
    /// It needs a reset.
    ResetRequired,
    /// The driver did not answer in time.
    TimedOut,
    /// Anything else that made every question fail.
    Failed,
}

impl GpuError {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::ResetRequired => "reset_required",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
        }
    }
}

/// Everything that was read of one GPU.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// How much of the time it was busy.
    pub utilization: Utilization,
    /// What tensor cores, SMs and memory did (GPM; Hopper and newer).
    pub activity: Activity,
    /// Memory, in bytes.
    pub memory: Option<Memory>,
    /// In °C.
    pub temperature: Temperature,
    /// In milliwatts and millijoules.
    pub power: Power,
    /// In MHz, and what holds them down.
    pub clocks: Clocks,
    /// Errors of the memory, and rows taken out of use.
    pub ecc: Ecc,
    /// The bus.
    pub pcie: Pcie,
    /// Links to other GPUs.
    pub nvlink: Nvlink,
    /// Processes with a context on it, each once; `None`: the driver does not say.
    pub processes: Option<Vec<Process>>,
    /// How many of them were looked up and not found, so that nothing is known of their containers;
    /// `None`: nobody looked.
    pub processes_unresolved: Option<usize>,
    /// What the driver recommends (field 230): 0 nothing, 1 reset the GPU, 2 reboot the node, 3 drain P2P,
    /// 4 drain and reset; newer drivers have more.
    pub recovery_action: Option<u32>,
}

/// Percent of the last sample period (1/6 s to 1 s) in which anything ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utilization {
    /// A kernel ran: about 100 for any busy engine, and no measure of saturation.
    pub gpu: Option<u32>,
    /// Memory was read or written.
    pub memory: Option<u32>,
    /// The video encoder.
    pub encoder: Option<u32>,
    /// The video decoder.
    pub decoder: Option<u32>,
}

/// Percent since the sample before, of GPU performance monitoring.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Activity {
    /// The graphics or compute engine.
    pub graphics: Option<f64>,
    /// Streaming multiprocessors with at least one warp.
    pub sm: Option<f64>,
    /// Warps that were resident, of those that could be.
    pub sm_occupancy: Option<f64>,
    /// Any tensor pipe.
    pub tensor: Option<f64>,
    /// Bandwidth of the memory that was used.
    pub dram: Option<f64>,
    /// The pipes of 64, 32 and 16 bits.
    pub fp64: Option<f64>,
    /// See `fp64`.
    pub fp32: Option<f64>,
    /// See `fp64`.
    pub fp16: Option<f64>,
}

/// Bytes; `used` excludes `reserved`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// By processes.
    pub used: u64,
    /// Neither used nor reserved.
    pub free: u64,
    /// By the driver and the firmware; unknown to older drivers.
    pub reserved: Option<u64>,
}

/// °C
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Temperature {
    /// Of the chip.
    pub gpu: Option<u32>,
    /// Of the memory.
    pub memory: Option<u32>,
    /// At which it slows down.
    pub slowdown: Option<u32>,
    /// At which it shuts down.
    pub shutdown: Option<u32>,
    /// The most that it is made for.
    pub max_operating: Option<u32>,
    /// The most that its memory is made for.
    pub memory_max: Option<u32>,
}

/// Milliwatts; energy in millijoules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Power {
    /// As `nvidia-smi` shows it: on Hopper the average of a second.
    pub usage: Option<u32>,
    /// At this moment.
    pub instant: Option<u32>,
    /// The limit in force.
    pub limit: Option<u32>,
    /// The limit that it comes with.
    pub limit_default: Option<u32>,
    /// The lowest that can be set.
    pub limit_min: Option<u32>,
    /// The highest that can be set.
    pub limit_max: Option<u32>,
    /// Since the driver was loaded.
    pub energy: Option<u64>,
}

/// MHz, and reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// By domain: `graphics`, `sm`, `memory`, `video`.
    pub current: BTreeMap<&'static str, u32>,
    /// The highest, by domain.
    pub max: BTreeMap<&'static str, u32>,
    /// Why they are not higher: every reason that is known, and whether it holds.
    pub reasons: Option<BTreeMap<&'static str, bool>>,
    /// Nanoseconds that a reason has held, since the driver was loaded.
    pub reason_time: BTreeMap<&'static str, u64>,
    /// 0 is the fastest.
    pub performance_state: Option<u32>,
}

/// Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ecc {
    /// Whether errors are corrected at all.
    pub enabled: Option<bool>,
    /// Corrected, since the driver was loaded.
    pub corrected_volatile: Option<u64>,
    /// Not corrected, since the driver was loaded.
    pub uncorrected_volatile: Option<u64>,
    /// Corrected, in the life of the card.
    pub corrected_aggregate: Option<u64>,
    /// Not corrected, in the life of the card.
    pub uncorrected_aggregate: Option<u64>,
    /// Rows remapped for errors that were corrected.
    pub remapped_correctable: Option<u32>,
    /// Rows remapped for errors that were not.
    pub remapped_uncorrectable: Option<u32>,
    /// A remapping waits for a reset.
    pub remapping_pending: Option<bool>,
    /// A remapping has failed: the card is to be replaced.
    pub remapping_failed: Option<bool>,
}

/// The bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pcie {
    /// Bytes sent by the GPU since the driver was loaded (fields 197, 198; never the call that blocks).
    pub transmitted: Option<u64>,
    /// Bytes received by it.
    pub received: Option<u64>,
    /// Packets sent again.
    pub replays: Option<u32>,
    /// Generation of the link now.
    pub generation: Option<u32>,
    /// The highest generation that both sides can do.
    pub generation_max: Option<u32>,
    /// Lanes now.
    pub width: Option<u32>,
    /// Most lanes.
    pub width_max: Option<u32>,
}

/// All links of one GPU together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nvlink {
    /// Links that are up.
    pub links_active: Option<u32>,
    /// Bytes of data sent over all links (field 138 with scope `UINT_MAX`, in KiB there).
    pub transmitted: Option<u64>,
    /// Bytes of data received over all links.
    pub received: Option<u64>,
    /// Errors of all links, by kind: `replay`, `recovery`, `crc_flit`, `crc_data`, `ecc_data`.
    pub errors: BTreeMap<&'static str, u64>,
}

/// Events with one XID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xid {
    /// How often it came.
    pub count: u64,
    /// When it came last.
    pub last: SystemTime,
}

/// A process with a context on a GPU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// As the host numbers it, where the exporter may see the host's.
    pub pid: u32,
    /// Bytes of the GPU's memory; `None`: the driver does not say.
    pub memory: Option<u64>,
    /// Percent of SM time lately, where the driver tells processes apart.
    pub sm: Option<u32>,
    /// 64 hexadecimal digits of the container that it runs in; `None`: in none, or not known.
    pub container: Option<String>,
}
