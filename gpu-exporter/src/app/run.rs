//! While it runs: signals, and a configuration that is read again.

use std::sync::Arc;

use tracing::{error, info, warn};
use weir_daemon::config::Layers;
use weir_daemon::signals::{Signal, Signals};
use weir_daemon::watched::{self, Watched};

use super::{App, StartError};
use crate::config::Config;
use crate::exposition::Reloads;

impl App {
    /// Serves until SIGTERM or SIGINT. SIGHUP, and another content of a file that is in force, make it read
    /// `layers` again.
    pub fn run_until_signalled(mut self, layers: &Layers) -> Result<(), StartError> {
        let mut signals = {
            let _within = self.runtime.enter();
            Signals::new()?
        };
        let mut watched = Watched::new(self.config.files(layers.path()));
        info!("Serving.");
        loop {
            let refused = self.pages.loaded.read().reloads.last_failed;
            let signal = self.runtime.block_on(async {
                tokio::select! {
                    signal = signals.next() => signal,
                    () = watched.changed() => Signal::Reload,
                    () = Self::can_be_used_now(layers), if refused => Signal::Reload,
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

    /// After a refusal: waits until the layers can be used.
    async fn can_be_used_now(layers: &Layers) {
        let files = || Some(Config::load(layers).ok()?.files(layers.path()));
        watched::usable_again(layers.path(), files).await;
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
