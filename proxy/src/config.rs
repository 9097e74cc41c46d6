//! The proxy's configuration: read strictly, then resolved to plain types that need no defaults.

mod access_log;
mod limits;
mod raw;
mod reload;
mod resolve;
mod telemetry;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use weir_daemon::admin::AdminAccess;
use weir_daemon::config::{ConfigError, Layers, Sources, Table};
use weir_daemon::program::AdminAddress;
use weir_ledger::Hop;
use weir_wire::UsagePolicy;

pub use access_log::{AccessLogConfig, LogTarget};
pub use limits::Limits;
pub(crate) use reload::Reloaded;
pub(crate) use resolve::{UNROUTED, may_name_a_route};
pub use telemetry::TelemetryConfig;

use crate::access::{ClientNames, KeyConfig, RouteAccess};
use crate::price::Prices;
use crate::upstream::Upstream;

/// Everything that was configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where the admin endpoints are.
    pub admin: SocketAddr,
    /// Who may see them.
    pub admin_access: Arc<AdminAccess>,
    /// The files that say so.
    pub admin_secret_files: Vec<PathBuf>,
    /// Listeners that have routes, or get them from discovery; after a reload, those that listen.
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
    /// After how long without a request a model name is forgotten with its series; `None`: never.
    pub idle_series: Option<Duration>,
    /// What clients may use up.
    pub limits: Limits,
    /// The keys that Weir knows.
    pub keys: Vec<KeyConfig>,
    /// Whether metrics tell clients apart.
    pub clients: Clients,
    /// What tokens cost, and where that is counted.
    pub prices: Arc<Prices>,
    /// Where requests that have ended are written; `None`: nowhere.
    pub access_log: Option<AccessLogConfig>,
    /// Whether the edge tells the gateway in `x-weir-hop` which request it is, and the engine listener takes it out.
    pub hop_header: bool,
    /// Where further routes of the engine listener are found; `None`: nowhere.
    pub discovery: Option<Discovery>,
    /// Which requests become spans.
    pub telemetry: TelemetryConfig,
}

/// A listener and its routes.
#[derive(Clone, Debug, PartialEq)]
pub struct Listener {
    /// `edge` or `engine`.
    pub kind: Hop,
    /// Where it listens.
    pub address: SocketAddr,
    /// Those that are configured: at least one without discovery, until a reload takes the last one away.
    pub routes: Vec<RouteConfig>,
    /// How it speaks TLS; `None`: it does not.
    pub tls: Option<ListenerTls>,
}

/// Files of a listener that speaks TLS, all PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerTls {
    /// The listener's certificate and those that vouch for it, its own first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Certificates of which a client's must be issued; `None`: clients need none.
    pub client_ca: Option<PathBuf>,
}

/// Where routes are found: weir-discovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// Its base, without a path.
    pub url: String,
    /// File with the token that it asks for; read at each question.
    pub bearer_file: Option<PathBuf>,
    /// Certificates (PEM) to trust instead of those for upstreams.
    pub tls_ca_file: Option<PathBuf>,
    /// Whether its certificate is checked.
    pub tls_verify: bool,
    /// Whether usage may be asked for on the routes that it names.
    pub usage: UsagePolicy,
}

/// How metrics tell clients apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// What they are called.
    pub names: ClientNames,
    /// Most of them that are called by a hash.
    pub most: usize,
    /// Where the secret of the hash came from.
    pub secret_file: Option<PathBuf>,
}

impl Default for Clients {
    fn default() -> Self {
        Self { names: ClientNames::Off, most: 100, secret_file: None }
    }
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
    /// Who may use it.
    pub access: RouteAccess,
}

impl Config {
    /// Where the pages are, and which key says otherwise.
    pub const ADMIN: AdminAddress = AdminAddress {
        table: Table::Proxy,
        key: "admin",
        default: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9900),
    };

    /// Reads, checks and resolves the layers.
    pub fn load(layers: &Layers) -> Result<Self, ConfigError> {
        let sources = Sources::read(layers)?;
        let telemetry = telemetry::telemetry(&sources.table(Table::Telemetry)?)?;
        resolve::resolve(sources.table(Table::Proxy)?, telemetry)
    }

    /// The files whose content is in force while the proxy runs, the configuration's own among them.
    pub(crate) fn files(&self, own: Option<&Path>) -> Vec<PathBuf> {
        let mut files: Vec<_> = own.map(Path::to_owned).into_iter().collect();
        for tls in self.listeners.iter().filter_map(|listener| listener.tls.as_ref()) {
            files.extend([tls.certificate.clone(), tls.key.clone()]);
            files.extend(tls.client_ca.clone());
        }
        files.extend(self.clients.secret_file.clone());
        files.extend(self.admin_secret_files.clone());
        files
    }
}
