//! From a configuration to a proxy that serves, and to its end: the only wiring.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pingora::proxy::ProxyServiceBuilder;
use pingora::server::configuration::ServerConf;
use pingora::services::Service as _;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tracing::{error, info, warn};
use weir_daemon::admin::{AdminError, AdminServer};
use weir_daemon::config::Layers;
use weir_daemon::signals::{Signal, Signals};
use weir_ledger::{Hop, Ledger};

use crate::admin::ProxyPages;
use crate::ca_file;
use crate::config::{Config, Reloaded};
use crate::filter::Gate;
use crate::listen::Bound;
use crate::model_poll::ModelPolls;
use crate::shared::Shared;

/// Attempts of one request at most: the first, one after a stale or refused connection, one as the
/// client wrote it.
const ATTEMPTS: usize = 4;

/// How long tasks that are cut off have to let go.
const LETTING_GO: Duration = Duration::from_secs(2);

/// Why the proxy could not start, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address can't be listened on.
    #[error(
        "cannot listen on {address} for the {listener} listener: {source}; free the address or choose another one"
    )]
    Listen {
        /// `edge` or `engine`.
        listener: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificates to trust can't be used.
    #[error(
        "reading the certificates to trust (proxy.tls_ca_file) from {path}: {why} (name a file of PEM certificates)"
    )]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The admin endpoints could not be started.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// Threads or signal handlers could not be had from the system.
    #[error("starting threads: {0}")]
    System(#[from] std::io::Error),
}

/// What became of the requests that were under way when the drain began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Those that ended by themselves.
    pub finished: usize,
    /// Those that were cut off when the time was up.
    pub cut: usize,
}

/// A proxy that serves.
pub struct App {
    config: Config,
    shared: Arc<Shared>,
    runtime: Runtime,
    stop: watch::Sender<bool>,
    addresses: Vec<(Hop, SocketAddr)>,
    admin: AdminServer,
    draining: Arc<AtomicBool>,
    polls: ModelPolls,
}

impl App {
    /// Binds everything and begins to serve.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        // Two providers may be in the build; whoever came first is as good.
        let _already = rustls::crypto::ring::default_provider().install_default();
        if let Some(path) = &config.tls_ca_file {
            ca_file::check(path)
                .map_err(|why| StartError::Certificates { path: path.clone(), why })?;
        }
        let shared = Shared::new(config, Ledger::new());
        let draining = Arc::new(AtomicBool::new(false));
        let pages = ProxyPages { shared: Arc::clone(&shared), draining: Arc::clone(&draining) };
        let bound = bind(config)?;
        let version = env!("CARGO_PKG_VERSION");
        let admin = AdminServer::bind(config.admin, "weir-proxy", version, Arc::new(pages))?;
        let runtime = runtime(config)?;
        let (stop, stopped) = watch::channel(false);
        let mut addresses = Vec::new();
        for (kind, bound) in bound {
            info!(listener = kind.as_str(), address = %bound.address, "Listening.");
            addresses.push((kind, bound.address));
            serve(&runtime, config, &shared, kind, bound, stopped.clone());
        }
        info!(address = %admin.addr(), "Admin endpoints are up.");
        let polls = {
            let _within = runtime.enter();
            ModelPolls::start(config, shared.routes())
        };
        let config = config.clone();
        Ok(Self { config, shared, runtime, stop, addresses, admin, draining, polls })
    }

    /// Where a listener listens, if it has routes.
    pub fn address(&self, listener: Hop) -> Option<SocketAddr> {
        self.addresses.iter().find(|(kind, _)| *kind == listener).map(|(_, address)| *address)
    }

    /// Where the admin endpoints are.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin.addr()
    }

    /// The request metrics; a clone of it can be read when the proxy is gone.
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// Serves until SIGTERM or SIGINT, then drains; the second one cuts what is left at once.
    /// SIGHUP reads `layers` again.
    pub fn run_until_signalled(mut self, layers: &Layers) -> Result<(), StartError> {
        let mut signals = {
            let _within = self.runtime.enter();
            Signals::new()?
        };
        info!("Serving.");
        while self.runtime.block_on(signals.next()) == Signal::Reload {
            self.reload(layers);
        }
        self.drain_unless(async {
            while signals.next().await == Signal::Reload {}
            warn!("A second signal: live requests are cut off.");
        });
        Ok(())
    }

    /// Takes the routes of the layers as they are now; a configuration that can't be used changes
    /// nothing.
    pub fn reload(&mut self, layers: &Layers) {
        let config = match Config::load(layers) {
            Ok(config) => config,
            Err(error) => {
                self.shared.ledger.config_loaded(true, false);
                error!(%error, "The configuration can't be used; the old one stays.");
                return;
            }
        };
        let Reloaded { config, left } = self.config.reloaded(config);
        if !left.is_empty() {
            warn!(
                changes = left.join("; "),
                "Changes of listeners, admin, threads or TLS need a restart; routes are applied."
            );
        }
        self.shared.apply(&config);
        let _within = self.runtime.enter();
        self.polls = ModelPolls::start(&config, self.shared.routes());
        self.shared.ledger.config_loaded(true, true);
        info!("The configuration was read again.");
        self.config = config;
    }

    /// Takes no new connections, lets live requests end, cuts what is left when the time is up.
    /// An idle proxy ends at once.
    pub fn drain(self) -> Drained {
        self.drain_unless(std::future::pending())
    }

    /// Drains, and cuts what is left as soon as `hurry` is there.
    fn drain_unless(self, hurry: impl Future<Output = ()>) -> Drained {
        let live = self.shared.in_flight();
        info!(requests_in_flight = live, "Draining.");
        self.draining.store(true, Ordering::SeqCst);
        // Receivers are gone only where nothing listens any more.
        let _nobody = self.stop.send(true);
        let in_time = self.runtime.block_on(async {
            tokio::select! {
                // Nothing is cut that has ended.
                biased;
                () = self.shared.idle() => true,
                () = hurry => false,
                () = tokio::time::sleep(self.config.drain_grace) => false,
            }
        });
        let cut = if in_time { 0 } else { self.shared.in_flight() };
        self.shared.cut();
        drop(self.polls);
        self.runtime.shutdown_timeout(LETTING_GO);
        self.admin.stop();
        let drained = Drained { finished: live.saturating_sub(cut), cut };
        info!(finished = drained.finished, cut = drained.cut, "Drained.");
        drained
    }
}

fn bind(config: &Config) -> Result<Vec<(Hop, Bound)>, StartError> {
    let bind = |listener: &crate::config::Listener| {
        let bound = Bound::bind(listener.address).map_err(|source| StartError::Listen {
            listener: listener.kind.as_str(),
            address: listener.address,
            source,
        })?;
        Ok((listener.kind, bound))
    };
    config.listeners.iter().map(bind).collect()
}

fn runtime(config: &Config) -> std::io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if let Some(threads) = config.threads {
        builder.worker_threads(threads);
    }
    builder.thread_name("weir").enable_all().build()
}

/// Runs a listener as a Pingora service, without Pingora's `Server`: that one sleeps through the
/// whole grace period when it is told to end, and drops live requests without a word.
fn serve(
    runtime: &Runtime,
    config: &Config,
    shared: &Arc<Shared>,
    listener: Hop,
    bound: Bound,
    stopped: watch::Receiver<bool>,
) {
    let conf = ServerConf {
        max_retries: ATTEMPTS,
        ca_file: config.tls_ca_file.as_ref().map(|path| path.display().to_string()),
        ..ServerConf::default()
    };
    let gate = Gate { listener, shared: Arc::clone(shared) };
    let mut service = ProxyServiceBuilder::new(&Arc::new(conf), gate).name("weir").build();
    let (name, fds) = bound.into_fds();
    service.add_tcp(&name);
    runtime.spawn(async move { service.start_service(Some(fds), stopped, 1).await });
}
