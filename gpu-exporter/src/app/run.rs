//! While it runs: signals, and a configuration that is read again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};
use weir_daemon::config::Layers;
use weir_daemon::signals::{Signal, Signals};
use weir_daemon::watched::{self, Watched};

use super::{App, StartError};
use crate::config::Config;
use crate::exposition::Reloads;

/// How long to wait after a refusal before the configuration is looked at again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

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
                    () = self.can_be_used_now(layers), if refused => Signal::Reload,
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

    /// After a refusal: waits until what was missing is there, since it need not be in a file that is in
    /// force. As with those, what is found counts once it was found twice the same.
    async fn can_be_used_now(&self, layers: &Layers) {
        let in_force = self.config.files(layers.path());
        let mut before = None;
        loop {
            // Reading a pipe would wait for somebody to write.
            let can_be_read = layers.path().is_none_or(Path::is_file);
            let new = if can_be_read { Config::load(layers).ok() } else { None };
            let files = new.map(|new| [in_force.clone(), new.files(layers.path())].concat());
            let found = files.map(|files| watched::content(&files));
            if std::mem::replace(&mut before, found) == found && found.is_some() {
                return;
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
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
