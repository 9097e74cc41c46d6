//! From a configuration to an exporter that serves: the only wiring.

mod run;

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::runtime::{Builder, Runtime};
use tracing::{info, warn};
use weir_daemon::admin::{AdminError, AdminServer};
use weir_daemon::reload::Reloads;

use crate::config::{Config, SourceKind};
use crate::container::{Containers, Notice};
use crate::exposition::LeftOut;
use crate::pages::{ExporterPages, LoadedAgain};
use crate::sampler::{Cadence, Open, Sampler};
use crate::source::history::History;
use crate::source::nvml;
use crate::source::simulate::Simulation;
use crate::source::with_containers::WithContainers;
use crate::state::Published;

/// Why the exporter could not start, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can't be listened on.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// Threads or signal handlers could not be had from the system.
    #[error("starting threads: {0}")]
    System(#[from] std::io::Error),
}

/// An exporter that serves.
pub struct App {
    config: Config,
    pages: Arc<ExporterPages>,
    runtime: Runtime,
    admin: AdminServer,
    sampler: Sampler,
}

impl App {
    /// Listens, and begins to read. Whether there is a driver is found out later, again and again: an
    /// exporter without one runs and says so.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        let published = Arc::new(Published::default());
        let left_out = Arc::<Mutex<LeftOut>>::default();
        let history = Arc::new(History::default());
        let access = Arc::clone(&config.admin_access);
        let pages = Arc::new(ExporterPages {
            source: config.source,
            published: Arc::clone(&published),
            left_out: Arc::clone(&left_out),
            history: Arc::clone(&history),
            loaded: RwLock::new(LoadedAgain { access, reloads: Reloads::default() }),
        });
        let version = env!("CARGO_PKG_VERSION");
        let for_admin = Arc::clone(&pages);
        let admin = AdminServer::bind(config.listen, "weir-gpu-exporter", version, for_admin)?;
        info!(address = %admin.addr(), "Listening.");
        if config.source.is_simulated() {
            warn!("All GPUs are simulated: no number is real.");
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let cadence = Cadence { interval: config.interval, timeout: config.timeout };
        let sampler = Sampler::start(open(config, left_out, &history), cadence, published)?;
        Ok(Self { config: config.clone(), pages, runtime, admin, sampler })
    }
}

/// How the configured source is opened.
fn open(config: &Config, left_out: Arc<Mutex<LeftOut>>, history: &Arc<History>) -> Open {
    match config.source {
        // Its processes have containers, and are no processes of this machine's.
        SourceKind::Simulate => {
            let proc = config.simulated_engines.then(|| config.proc.clone());
            let simulation = Simulation::start(proc);
            Box::new(move |_| Ok(Box::new(simulation.clone())))
        }
        SourceKind::Nvml => {
            let nvml = nvml::opener(config.nvml_library.clone(), history);
            let proc = config.proc.clone();
            let notice = Notice::default();
            Box::new(move |asking| {
                let source = nvml(asking)?;
                let containers = Containers::new(&proc, notice.clone());
                let left_out = Arc::clone(&left_out);
                Ok(Box::new(WithContainers { source, containers, left_out }))
            })
        }
    }
}
