//! Where snapshots come from, and why there may be none.

use std::time::Duration;

use crate::snapshot::Snapshot;
use asking::Call;

pub mod asking;
pub mod history;
pub mod nvml;
pub mod simulate;
pub(crate) mod with_containers;

/// Something that can be asked for the state of all GPUs.
pub trait GpuSource: Send {
    /// Reads everything; may block for as long as the driver does.
    ///
    /// An error means that the source is of no more use: it is dropped and opened anew. A single GPU that
    /// can't be asked is no error; its reading says so.
    fn read(&mut self) -> Result<Snapshot, SourceError>;

    /// Whether it is to be opened anew although it can be read, asked after each read.
    fn is_spent(&self) -> bool {
        false
    }
}

/// Why nothing could be read of any GPU: what was tried, what came of it, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// There is no library of the driver's to load.
    #[error(
        "loading {library} failed: {detail}; install the NVIDIA driver, or give this container the GPUs \
         with the driver capability `utility`"
    )]
    LibraryNotFound {
        /// Name or path that was tried.
        library: String,
        /// What the loader says.
        detail: String,
    },
    /// The library is there, the kernel's part is not.
    #[error(
        "initialising NVML found no NVIDIA driver in the kernel; load it (`modprobe nvidia`, then \
         `nvidia-smi`), or start this container on a machine that has one"
    )]
    DriverNotLoaded,
    /// The driver was upgraded under the process.
    #[error(
        "the NVIDIA driver in the kernel is of another version than its library here: it was upgraded \
         while this process or its container was running; restart the container, or reboot if the old \
         module is still loaded"
    )]
    VersionMismatch,
    /// The driver is there, but not for this process.
    #[error(
        "the NVIDIA driver refuses this process: /dev/nvidiactl and /dev/nvidia0 and so on must be \
         readable and writable for its user, and allowed by the container's device rules"
    )]
    NoPermission,
    /// Every GPU refuses to answer, so that handles have gone stale or the driver is broken.
    #[error(
        "none of the {gpus} GPUs answers ({detail}); NVML is initialised anew; if that does not help, see \
         the kernel's log for `NVRM` and `Xid`, or restart the container"
    )]
    NoGpuAnswers {
        /// How many were asked.
        gpus: usize,
        /// What the first of them said.
        detail: String,
    },
    /// A call did not come back.
    #[error(
        "the driver did not answer within {}{}; a GPU may be resetting or hanging: see the kernel's log \
         for `NVRM` and `Xid`",
        seconds(*.allowed),
        asked_for(.asked.as_ref())
    )]
    TimedOut {
        /// For how long it was waited.
        allowed: Duration,
        /// What it was asked, if that is known.
        asked: Option<Call>,
    },
    /// Anything else that NVML said.
    #[error(
        "{call} failed: {detail}; in a container this is mostly a device node that has vanished (after \
         `systemctl daemon-reload`, say): restart the container"
    )]
    Failed {
        /// The call of NVML's.
        call: &'static str,
        /// What it said.
        detail: String,
    },
    /// A fault of this program.
    #[error("reading the GPUs panicked; the log has the place: report it with that line")]
    Panicked,
}

impl SourceError {
    /// One word for each kind; two errors of one kind are the same state, and logged once.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::LibraryNotFound { .. } => "library_not_found",
            Self::DriverNotLoaded => "driver_not_loaded",
            Self::VersionMismatch => "version_mismatch",
            Self::NoPermission => "no_permission",
            Self::NoGpuAnswers { .. } => "no_gpu_answers",
            Self::TimedOut { .. } => "timed_out",
            Self::Failed { .. } => "failed",
            Self::Panicked => "panicked",
        }
    }
}

/// `5 s`, `0.2 s`
fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

/// ` (asked GPU 3: power usage)`
fn asked_for(call: Option<&Call>) -> String {
    call.map_or_else(String::new, |call| format!(" (asked {call})"))
}
