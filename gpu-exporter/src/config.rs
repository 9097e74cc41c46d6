//! The exporter's configuration: read strictly, then resolved to plain types that need no defaults.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use weir_daemon::admin::AdminAccess;
use weir_daemon::config::{ConfigError, Layers, Loaded, RawAdminAccess, Sources, Span, Table};
use weir_daemon::program::AdminAddress;

use crate::container::is_proc;

/// Shorter, and reading would never end; longer, and what is shown is no longer what is.
const INTERVALS: (Span, Span) = (Span::from_millis(100), Span::from_secs(60));
/// A read of eight GPUs takes tens of milliseconds.
const TIMEOUTS: (Span, Span) = (Span::from_millis(100), Span::from_secs(60));

/// What was configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where metrics, health and status are.
    pub listen: SocketAddr,
    /// Who may see them.
    pub admin_access: Arc<AdminAccess>,
    /// The files that say so.
    pub admin_secret_files: Vec<PathBuf>,
    /// What is read.
    pub source: SourceKind,
    /// From one read to the next.
    pub interval: Duration,
    /// How long a read may take.
    pub timeout: Duration,
    /// Where the host's processes are looked up.
    pub proc: PathBuf,
    /// NVML's library; `None`: by its usual name.
    pub nvml_library: Option<PathBuf>,
    /// Whether simulated GPUs belong to the containers that run simulated engines.
    pub simulated_engines: bool,
}

/// What is read.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// The NVIDIA driver.
    #[default]
    Nvml,
    /// Eight H200s that are not there.
    Simulate,
}

impl SourceKind {
    /// As it is configured, and as it stands in the label `source`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nvml => "nvml",
            Self::Simulate => "simulate",
        }
    }

    /// Whether nothing of it is real.
    pub const fn is_simulated(self) -> bool {
        matches!(self, Self::Simulate)
    }
}

/// `[gpu_exporter]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawGpuExporter {
    listen: SocketAddr,
    admin_access: RawAdminAccess,
    source: SourceKind,
    interval: Span,
    timeout: Span,
    proc: PathBuf,
    nvml_library: Option<PathBuf>,
    simulated_engines: bool,
}

impl Default for RawGpuExporter {
    fn default() -> Self {
        Self {
            listen: Config::ADMIN.default,
            admin_access: RawAdminAccess::default(),
            source: SourceKind::default(),
            interval: Span::from_secs(1),
            timeout: Span::from_secs(5),
            proc: "/proc".into(),
            nvml_library: None,
            simulated_engines: false,
        }
    }
}

impl Config {
    /// Where the pages are, and which key says otherwise.
    pub const ADMIN: AdminAddress = AdminAddress {
        table: Table::GpuExporter,
        key: "listen",
        default: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9445),
    };

    /// Reads, checks and resolves the layers.
    pub fn load(layers: &Layers) -> Result<Self, ConfigError> {
        let loaded: Loaded<RawGpuExporter> = Sources::read(layers)?.table(Table::GpuExporter)?;
        let raw = &loaded.value;
        check_span(&loaded, "gpu_exporter.interval", raw.interval, INTERVALS)?;
        check_span(&loaded, "gpu_exporter.timeout", raw.timeout, TIMEOUTS)?;
        if !raw.proc.is_absolute() {
            let expected = "an absolute path, such as \"/proc\" or \"/host/proc\"";
            return Err(loaded.invalid("gpu_exporter.proc", raw.proc.display(), expected));
        }
        if !is_proc(&raw.proc) {
            let expected = "a procfs, a folder with `self` or with folders of processes, such as \
                            \"/proc\", or \"/host/proc\" where the host's is mounted";
            return Err(loaded.invalid("gpu_exporter.proc", raw.proc.display(), expected));
        }
        if raw.nvml_library.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
            let expected =
                "a name or a path, such as \"libnvidia-ml.so.1\", which is tried without this key";
            return Err(loaded.invalid("gpu_exporter.nvml_library", "\"\"", expected));
        }
        let admin_access = raw.admin_access.read(&loaded, "gpu_exporter.admin_access")?;
        let raw = loaded.value;
        Ok(Self {
            listen: raw.listen,
            admin_access: Arc::new(admin_access),
            admin_secret_files: raw.admin_access.files(),
            source: raw.source,
            interval: raw.interval.duration(),
            timeout: raw.timeout.duration(),
            proc: raw.proc,
            nvml_library: raw.nvml_library,
            simulated_engines: raw.simulated_engines,
        })
    }

    /// The files whose content is in force while the exporter runs, the configuration's own among them.
    pub(crate) fn files(&self, own: Option<&Path>) -> Vec<PathBuf> {
        own.map(Path::to_owned).into_iter().chain(self.admin_secret_files.clone()).collect()
    }

    /// Takes what can be changed while the exporter runs, who may see the pages, from `new`. The rest
    /// stays; whether any of it differs is returned.
    pub(crate) fn reload(&mut self, new: Self) -> bool {
        let Self { admin_access, admin_secret_files, .. } = new.clone();
        *self = Self { admin_access, admin_secret_files, ..self.clone() };
        *self != new
    }
}

fn check_span(
    loaded: &Loaded<RawGpuExporter>,
    key: &str,
    span: Span,
    (least, most): (Span, Span),
) -> Result<(), ConfigError> {
    if (least..=most).contains(&span) {
        return Ok(());
    }
    Err(loaded.invalid(key, span, format!("{least} to {most}")))
}
