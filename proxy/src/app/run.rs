//! While it runs: signals, and a configuration that is read again.

use std::sync::Arc;

use rustls::ServerConfig;
use tracing::{error, info, warn};
use weir_daemon::config::{ConfigError, Layers};
use weir_daemon::signals::{Signal, Signals};
use weir_daemon::watched::{self, Watched};

use super::{App, StartError};
use crate::config::{Config, Reloaded};
use crate::discovery::Following;
use crate::door::{Tls, TlsError};
use crate::expiry::Expiry;

/// What listeners are to show from now on.
type Certificates = Vec<(Arc<Tls>, Arc<ServerConfig>)>;

/// Why what was read again is not in force.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Config(ConfigError),
    #[error(transparent)]
    Tls(TlsError),
}

impl App {
    /// Serves until SIGTERM or SIGINT, then drains; the second one cuts what is left at once.
    /// SIGHUP, and another content of a file that is in force, make it read `layers` again.
    pub fn run_until_signalled(mut self, layers: &Layers) -> Result<(), StartError> {
        let mut signals = {
            let _within = self.aside.enter();
            Signals::new()?
        };
        let mut watched = Watched::new(self.config.files(layers.path()));
        info!("Serving.");
        loop {
            let signal = self.aside.block_on(async {
                tokio::select! {
                    signal = signals.next() => signal,
                    () = watched.changed() => Signal::Reload,
                    () = self.can_be_used_now(layers), if self.refused => Signal::Reload,
                }
            });
            if signal != Signal::Reload {
                break;
            }
            watched.will_be_read();
            self.reload(layers);
            watched.watch(self.config.files(layers.path()));
        }
        self.drain_unless(async {
            while signals.next().await == Signal::Reload {}
            warn!("A second signal: live requests are cut off.");
        });
        Ok(())
    }

    /// After a refusal: waits until the layers can be used.
    async fn can_be_used_now(&self, layers: &Layers) {
        let files = || Some(self.read(layers).ok()?.0.files(layers.path()));
        watched::usable_again(layers.path(), files).await;
    }

    /// Takes the routes, limits, keys and certificates of the layers as they are now; a configuration
    /// that can't be used changes nothing.
    pub fn reload(&mut self, layers: &Layers) {
        let (config, certificates) = match self.read(layers) {
            Ok(read) => read,
            Err(error) => {
                self.refused = true;
                self.shared.ledger.config_loaded(true, false);
                error!(%error, "The configuration can't be used; the old one stays.");
                return;
            }
        };
        self.refused = false;
        for (tls, certificate) in certificates {
            tls.apply(certificate);
        }
        let Reloaded { config, left } = self.config.reloaded(config);
        if !left.is_empty() {
            warn!(
                changes = left.join("; "),
                "Changes of listeners, admin, threads or TLS need a restart; the rest is applied."
            );
        }
        let _within = self.aside.enter();
        self.shared.apply(&config);
        if config.discovery != self.config.discovery {
            self.discovery = Following::start(&config, &self.shared);
        }
        self.expiry = Expiry::start(&config, &self.shared);
        self.shared.ledger.config_loaded(true, true);
        info!("The configuration was read again.");
        self.config = config;
    }

    /// What the layers and the certificates say now. Certificates only of listeners whose files are
    /// the same: others need a restart.
    fn read(&self, layers: &Layers) -> Result<(Config, Certificates), Refused> {
        let config = Config::load(layers).map_err(Refused::Config)?;
        let is_same = |tls: &&Arc<Tls>| {
            config.listeners.iter().any(|listener| listener.tls.as_ref() == Some(tls.files()))
        };
        let again = |tls: &Arc<Tls>| Ok((Arc::clone(tls), tls.read_again()?));
        let certificates = self.tls.iter().filter(is_same).map(again).collect::<Result<_, _>>();
        certificates.map(|certificates| (config, certificates)).map_err(Refused::Tls)
    }
}
