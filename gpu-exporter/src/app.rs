//! From a configuration to an exporter that serves: the only wiring.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::RwLock;
use tokio::runtime::{Builder, Runtime};
use tracing::{error, info, warn};
use weir_daemon::admin::{AdminError, AdminServer};
use weir_daemon::config::Layers;
use weir_daemon::signals::{Signal, Signals};
use weir_daemon::watched::Watched;

use crate::config::{Config, SourceKind};
use crate::container::Containers;
use crate::exposition::Reloads;
use crate::pages::{ExporterPages, LoadedAgain};
use crate::sampler::{Cadence, Open, Sampler};
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
        let left_out = Arc::new(AtomicU64::new(0));
        let access = Arc::clone(&config.admin_access);
        let pages = Arc::new(ExporterPages {
            source: config.source,
            published: Arc::clone(&published),
            left_out: Arc::clone(&left_out),
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
        let sampler = Sampler::start(open(config, left_out), cadence, published)?;
        Ok(Self { config: config.clone(), pages, runtime, admin, sampler })
    }

    /// Serves until SIGTERM or SIGINT. SIGHUP, and another content of a file that is in force, make it read
    /// `layers` again.
    pub fn run_until_signalled(mut self, layers: &Layers) -> Result<(), StartError> {
        let mut signals = {
            let _within = self.runtime.enter();
            Signals::new()?
        };
        info!("Serving.");
        let mut watched = Watched::new(self.config.files(layers.path()));
        loop {
            let signal = self.runtime.block_on(async {
                tokio::select! {
                    signal = signals.next() => signal,
                    () = watched.changed() => Signal::Reload,
                }
            });
            if signal != Signal::Reload {
                break;
            }
            watched.will_be_read();
            self.reload(layers);
            watched.watch(self.config.files(layers.path()));
        }
        self.admin.stop();
        drop(self.sampler);
        info!("Ended.");
        Ok(())
    }

    fn reload(&mut self, layers: &Layers) {
        let new = match Config::load(layers) {
            Ok(new) => new,
            Err(error) => {
                let reloads = &mut self.pages.loaded.write().reloads;
                *reloads = Reloads { failure: reloads.failure + 1, last_failed: true, ..*reloads };
                error!(%error, "The configuration can't be used; the old one stays.");
                return;
            }
        };
        if self.config.reload(new) {
            warn!("Only changes of admin_access are applied; the others need a restart.");
        }
        let mut loaded = self.pages.loaded.write();
        loaded.access = Arc::clone(&self.config.admin_access);
        let reloads = &mut loaded.reloads;
        *reloads = Reloads { success: reloads.success + 1, last_failed: false, ..*reloads };
        info!("The configuration was read again.");
    }
}

/// How the configured source is opened.
fn open(config: &Config, left_out: Arc<AtomicU64>) -> Open {
    match config.source {
        // Its processes have containers, and are no processes of this machine's.
        SourceKind::Simulate => {
            let simulation = Simulation::start();
            Box::new(move || Ok(Box::new(simulation)))
        }
        SourceKind::Nvml => {
            let nvml = nvml::opener(config.nvml_library.clone());
            let proc = config.proc.clone();
            Box::new(move || {
                let source = nvml()?;
                let containers = Containers::new(&proc);
                let left_out = Arc::clone(&left_out);
                Ok(Box::new(WithContainers { source, containers, left_out }))
            })
        }
    }
}
