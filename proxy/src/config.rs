//! The proxy's configuration: read strictly, then resolved to plain types that need no defaults.

mod raw;
mod reload;
mod resolve;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use weir_daemon::config::{ConfigError, Layers, Sources, Table};
use weir_ledger::Hop;
use weir_wire::UsagePolicy;

pub(crate) use reload::Reloaded;
pub(crate) use resolve::UNROUTED;

use crate::upstream::Upstream;

/// Everything that was configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where the admin endpoints are.
    pub admin: SocketAddr,
    /// Listeners that have routes; after a reload, those that listen.
    pub listeners: Vec<Listener>,
    /// How long live requests may go on after SIGTERM.
    pub drain_grace: Duration,
    /// Worker threads; `None`: one per core.
    pub threads: Option<usize>,
    /// How long connecting to an upstream may take, TLS included.
    pub connect_timeout: Duration,
    /// Most bytes of one event that the meter reads.
    pub max_event: usize,
    /// Certificates (PEM) to trust instead of the system's, for HTTPS upstreams.
    pub tls_ca_file: Option<PathBuf>,
}

/// A listener and its routes.
#[derive(Clone, Debug, PartialEq)]
pub struct Listener {
    /// `edge` or `engine`.
    pub kind: Hop,
    /// Where it listens.
    pub address: SocketAddr,
    /// At least one, until a reload takes the last one away.
    pub routes: Vec<RouteConfig>,
}

/// A route.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteConfig {
    /// Its name: a label, and the first path segment where a listener has several routes.
    pub name: String,
    /// The value of the `hop` label.
    pub hop: Hop,
    /// Where its requests go.
    pub upstream: Arc<Upstream>,
    /// Whether usage may be asked for.
    pub usage: UsagePolicy,
    /// Model names that are known without being asked for.
    pub models: Vec<String>,
    /// How often the upstream is asked for its models; `None`: never.
    pub poll_models: Option<Duration>,
    /// File with the key for that question.
    pub models_key_file: Option<PathBuf>,
    /// Whether the client's `accept-encoding` goes through as it is.
    pub pass_accept_encoding: bool,
    /// Whether a client that shuts its sending side still waits for the answer.
    pub allow_half_close: bool,
}

impl Config {
    /// Reads, checks and resolves the layers.
    pub fn load(layers: &Layers) -> Result<Self, ConfigError> {
        resolve::resolve(Sources::read(layers)?.table(Table::Proxy)?)
    }
}
