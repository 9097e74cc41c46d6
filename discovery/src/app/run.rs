//! While it runs: signals, and a configuration that is read again.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tracing::{error, info, warn};
use weir_daemon::config::Layers;
use weir_daemon::reload::{self, Reloadable};

use super::{App, StartError};
use crate::config::{Config, Watching};
use crate::state::State;

/// What a reload changes.
struct InForce {
    config: Config,
    state: Arc<State>,
    watching: watch::Sender<Watching>,
}

impl App {
    /// Serves until SIGTERM or SIGINT. SIGHUP, and another content of a file that is in force, make it read
    /// `layers` again.
    pub fn run_until_signalled(self, layers: &Layers) -> Result<(), StartError> {
        let Self { config, state, runtime, admin, watching, task } = self;
        let mut in_force = InForce { config, state, watching };
        runtime.block_on(reload::until_signalled(&mut in_force, layers))?;
        admin.stop();
        task.abort();
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
        self.state.loaded.read().reloads.last_failed
    }

    fn reload(&mut self, layers: &Layers) {
        let new = match Config::load(layers) {
            Ok(new) => new,
            Err(error) => {
                self.state.loaded.write().reloads.failed();
                error!(%error, "The configuration can't be used; the old one stays.");
                return;
            }
        };
        if self.config.reload(new) {
            warn!("Changes of listen and docker need a restart; the others are applied.");
        }
        let mut loaded = self.state.loaded.write();
        loaded.access = Arc::clone(&self.config.admin_access);
        loaded.watching = self.config.watching.clone();
        loaded.reloads.succeeded();
        drop(loaded);
        self.watching.send_replace(self.config.watching.clone());
        info!("The configuration was read again.");
    }
}
