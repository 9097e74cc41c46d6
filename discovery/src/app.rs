//! From a configuration to a daemon that serves: the only wiring.

mod pollers;
mod run;
mod watching;

use std::sync::Arc;

use parking_lot::RwLock;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::info;
use weir_daemon::admin::{AdminError, AdminServer};
use weir_daemon::reload::Reloads;

use crate::config::{Config, Watching};
use crate::pages::DiscoveryPages;
use crate::state::{Loaded, State};

/// Why discovery could not start, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can't be listened on.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// Threads or signal handlers could not be had from the system.
    #[error("starting threads: {0}")]
    System(#[from] std::io::Error),
}

/// A discovery that serves.
pub struct App {
    config: Config,
    state: Arc<State>,
    runtime: Runtime,
    admin: AdminServer,
    /// What is watched from now on.
    watching: watch::Sender<Watching>,
    task: JoinHandle<()>,
}

impl App {
    /// Listens, and begins to look. What can't be reached is asked again and again.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        // Two providers are in the graph, so one has to be named; it stays if a test has set it.
        let _already = rustls::crypto::ring::default_provider().install_default();
        let loaded = Loaded {
            access: Arc::clone(&config.admin_access),
            watching: config.watching.clone(),
            reloads: Reloads::default(),
        };
        let state = Arc::new(State {
            fleet: Default::default(),
            sources: Arc::default(),
            gateways: Default::default(),
            projects: Default::default(),
            loaded: RwLock::new(loaded),
        });
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (sender, receiver) = watch::channel(config.watching.clone());
        let docker = config.docker.clone();
        let task = runtime.spawn(watching::watch(Arc::clone(&state), docker, receiver));
        let pages = Arc::new(DiscoveryPages(Arc::clone(&state)));
        let version = env!("CARGO_PKG_VERSION");
        let admin = AdminServer::bind(config.listen, "weir-discovery", version, pages)?;
        info!(address = %admin.addr(), "Listening.");
        Ok(Self { config: config.clone(), state, runtime, admin, watching: sender, task })
    }

    /// Where the pages are.
    pub fn addr(&self) -> std::net::SocketAddr {
        self.admin.addr()
    }
}
