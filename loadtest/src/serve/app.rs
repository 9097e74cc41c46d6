//! From a configuration to a page that is served: the only wiring.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::runtime::{Builder, Runtime};
use tracing::{error, info, warn};
use weir_daemon::admin::{AdminError, AdminServer};
use weir_daemon::config::Layers;
use weir_daemon::reload::{self, Reloadable, Reloads};

use super::config::Config;
use super::overview::Overview;
use super::pages::{LoadedAgain, LoadtestPages};
use super::runs::Runs;
use super::site::Site;
use crate::http;

/// Why the page could not be served, or not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServeError {
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error("making an HTTP client: {0}")]
    Client(#[source] reqwest::Error),
    /// Threads or signal handlers could not be had from the system.
    #[error("starting threads: {0}")]
    System(#[from] std::io::Error),
}

impl ServeError {
    /// The address cannot be listened on.
    pub(super) fn is_address(&self) -> bool {
        matches!(self, Self::Admin(AdminError::Bind { .. }))
    }
}

/// A page that is served.
pub(super) struct App {
    in_force: InForce,
    overview: Arc<Overview>,
    runtime: Runtime,
    admin: AdminServer,
}

/// What a reload changes.
struct InForce {
    config: Config,
    pages: Arc<LoadtestPages>,
}

impl App {
    /// Listens. The store is looked at, and may be missing or damaged: a page without one is served and says so.
    pub(super) fn start(config: &Config) -> Result<Self, ServeError> {
        let client = http::client().build().map_err(ServeError::Client)?;
        let runs = Runs::new(config.store.clone());
        let overview = Arc::new(Overview::new(runs.clone()));
        overview.look();
        let access = Arc::clone(&config.admin_access);
        let pages = Arc::new(LoadtestPages {
            site: Arc::new(Site::new(config, &client, runs)),
            overview: Arc::clone(&overview),
            loaded: RwLock::new(LoadedAgain { access, reloads: Reloads::default() }),
        });
        let for_admin = Arc::clone(&pages);
        let version = env!("CARGO_PKG_VERSION");
        let admin = AdminServer::bind(config.listen, "weir-loadtest", version, for_admin)?;
        info!(address = %admin.addr(), store = %config.store.display(), "Listening.");
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { in_force: InForce { config: config.clone(), pages }, overview, runtime, admin })
    }

    /// Serves until SIGTERM or SIGINT. SIGHUP, and another content of a file that is in force, make it read `layers`
    /// again.
    pub(super) fn run_until_signalled(mut self, layers: &Layers) -> Result<(), ServeError> {
        self.runtime.block_on(async {
            tokio::select! {
                ended = reload::until_signalled(&mut self.in_force, layers) => ended,
                never = self.overview.keep_looking() => match never {},
            }
        })?;
        self.admin.stop();
        // A look at a store that hangs is not waited for.
        self.runtime.shutdown_background();
        info!("Ended.");
        Ok(())
    }
}

impl Reloadable for InForce {
    fn files(&self, layers: &Layers) -> Vec<PathBuf> {
        self.config.files(layers.path())
    }

    fn files_if_usable(layers: &Layers) -> Option<Vec<PathBuf>> {
        Some(Config::load(layers).ok()?.files(layers.path()))
    }

    fn is_refused(&self) -> bool {
        self.pages.loaded.read().reloads.last_failed
    }

    fn reload(&mut self, layers: &Layers) {
        let new = match Config::load(layers) {
            Ok(new) => new,
            Err(error) => {
                self.pages.loaded.write().reloads.failed();
                error!(%error, "The configuration can't be used; the old one stays.");
                return;
            }
        };
        if self.config.reload(new) {
            warn!("Only changes of admin_access are applied; the others need a restart.");
        }
        let mut loaded = self.pages.loaded.write();
        loaded.access = Arc::clone(&self.config.admin_access);
        loaded.reloads.succeeded();
        info!("The configuration was read again.");
    }
}
