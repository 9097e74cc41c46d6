//! From a configuration to a proxy that serves: the only wiring.

mod drain;
mod run;
mod start_error;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use pingora::server::configuration::ServerConf;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tracing::info;
use weir_daemon::admin::AdminServer;
use weir_ledger::{Hop, Ledger};

use crate::admin::ProxyPages;
use crate::config::Config;
use crate::descriptors;
use crate::discovery::Following;
use crate::door::{Door, Tls};
use crate::expiry::Expiry;
use crate::listen::Bound;
use crate::pem_file;
use crate::shared::Shared;

pub use drain::Drained;
pub use start_error::StartError;

/// Attempts of one request at most: the first, one after a stale or refused connection, one as the
/// client wrote it.
const ATTEMPTS: usize = 4;

/// A proxy that serves.
pub struct App {
    config: Config,
    shared: Arc<Shared>,
    /// The workers: clients' connections, and nothing that waits for a time of its own.
    workers: Runtime,
    /// All else: signals, discovery, lists of models, what expires. A timer that waits makes each waiting of its
    /// runtime dearer, and there is one for each event of a stream.
    aside: Runtime,
    stop: watch::Sender<bool>,
    addresses: Vec<(Hop, SocketAddr)>,
    admin: AdminServer,
    draining: Arc<AtomicBool>,
    discovery: Following,
    expiry: Expiry,
    tls: Vec<Arc<Tls>>,
    /// What was read again last could not be used.
    refused: bool,
}

impl App {
    /// Reads the certificates and keys that the configuration names, and takes nothing from the system.
    pub fn check(config: &Config) -> Result<(), StartError> {
        check_authorities(config)?;
        for tls in config.listeners.iter().filter_map(|listener| listener.tls.as_ref()) {
            Tls::load(tls)?;
        }
        Ok(())
    }

    /// Binds everything and begins to serve.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        check_authorities(config)?;
        let shared = Shared::new(config, Ledger::new());
        let draining = Arc::new(AtomicBool::new(false));
        let pages = ProxyPages { shared: Arc::clone(&shared), draining: Arc::clone(&draining) };
        let bound = config.listeners.iter().map(Bound::bind).collect::<Result<Vec<_>, _>>()?;
        let room = descriptors::allow(config.limits.connections * bound.len()) / bound.len().max(1);
        let version = env!("CARGO_PKG_VERSION");
        let admin = AdminServer::bind(config.admin, "weir-proxy", version, Arc::new(pages))?;
        let workers = runtime("weir", config.threads)?;
        let aside = runtime("weir-aside", Some(1))?;
        let (stop, stopped) = watch::channel(false);
        let mut addresses = Vec::new();
        let mut tls = Vec::new();
        for bound in bound {
            let speaks = if bound.tls.is_some() { "https" } else { "http" };
            info!(listener = bound.kind.as_str(), address = %bound.address, speaks, "Listening.");
            addresses.push((bound.kind, bound.address));
            tls.extend(bound.tls.clone());
            let door = Door::new(&bound, room, &shared, server_conf(config), stopped.clone());
            let _within = workers.enter();
            workers.spawn(door.serve(bound.listen()?));
        }
        info!(address = %admin.addr(), "Admin endpoints are up.");
        let (discovery, expiry) = {
            let _within = aside.enter();
            shared.poll_models();
            (Following::start(config, &shared), Expiry::start(config, &shared))
        };
        let config = config.clone();
        Ok(Self {
            config,
            shared,
            workers,
            aside,
            stop,
            addresses,
            admin,
            draining,
            discovery,
            expiry,
            tls,
            refused: false,
        })
    }

    /// Where a listener listens, if it does.
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
}

/// Pingora panics on a file that it can't use.
fn check_authorities(config: &Config) -> Result<(), StartError> {
    // Two providers may be in the build; whoever came first is as good.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let of_discovery =
        config.discovery.as_ref().and_then(|discovery| discovery.tls_ca_file.as_ref());
    for (key, path) in [
        ("proxy.tls_ca_file", config.tls_ca_file.as_ref()),
        ("proxy.discovery.tls_ca_file", of_discovery),
    ] {
        let Some(path) = path else { continue };
        pem_file::roots(path).map_err(|why| StartError::Certificates {
            key,
            path: path.clone(),
            why,
        })?;
    }
    Ok(())
}

/// `threads`: `None` for one per core.
fn runtime(name: &str, threads: Option<usize>) -> std::io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if let Some(threads) = threads {
        builder.worker_threads(threads);
    }
    builder.thread_name(name).enable_all().build()
}

/// Weir runs Pingora without Pingora's `Server`: that one sleeps through the whole grace period when it
/// is told to end, and drops live requests without a word.
fn server_conf(config: &Config) -> ServerConf {
    ServerConf {
        max_retries: ATTEMPTS,
        ca_file: config.tls_ca_file.as_ref().map(|path| path.display().to_string()),
        ..ServerConf::default()
    }
}
