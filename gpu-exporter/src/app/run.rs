//! While it runs: signals, and a configuration that is read again.

use std::path::PathBuf;
use std::sync::Arc;

use tracing::{error, info, warn};
use weir_daemon::config::Layers;
use weir_daemon::reload::{self, Reloadable};

use super::{App, StartError};
use crate::config::Config;
use crate::pages::ExporterPages;

/// What a reload changes.
struct InForce {
    config: Config,
    pages: Arc<ExporterPages>,
}

impl App {
    /// Serves until SIGTERM or SIGINT. SIGHUP, and another content of a file that is in force, make it read
    /// `layers` again.
    pub fn run_until_signalled(self, layers: &Layers) -> Result<(), StartError> {
        let Self { config, pages, runtime, admin, sampler } = self;
        runtime.block_on(reload::until_signalled(&mut InForce { config, pages }, layers))?;
        admin.stop();
        drop(sampler);
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
