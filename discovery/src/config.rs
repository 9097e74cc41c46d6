//! The configuration: read strictly, then resolved to plain types that need no defaults.

mod engine;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use weir_daemon::admin::AdminAccess;
use weir_daemon::config::{ConfigError, Layers, Loaded, RawAdminAccess, Sources, Span, Table};
use weir_daemon::program::AdminAddress;

pub use engine::EngineConfig;
use engine::RawEngine;

use crate::langfuse::{self, Project, RawLangfuse};
use crate::litellm::{self, LitellmConfig, RawLitellm};

/// More often, and engines would feel it; more seldom, and nothing is news.
const INTERVALS: (Span, Span) = (Span::from_millis(500), Span::from_secs(60));
const TIMEOUTS: (Span, Span) = (Span::from_millis(100), Span::from_secs(60));
/// Prometheus has to have scraped the target while it is down.
const TOMBSTONES: (Span, Span) = (Span::from_secs(0), Span::from_secs(24 * 60 * 60));

/// The proxy's engine listener, as it is reached on one host and from containers.
const ENGINE_LISTENERS: [&str; 5] = [
    "127.0.0.1:9801",
    "localhost:9801",
    "host.docker.internal:9801",
    "weir:9801",
    "weir-proxy:9801",
];

/// What was configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where the pages are.
    pub listen: SocketAddr,
    /// Who may see them.
    pub admin_access: Arc<AdminAccess>,
    /// Where containers are asked for.
    pub docker: Docker,
    /// What can be changed while it runs.
    pub watching: Watching,
    /// The files with secrets of the pages.
    admin_secret_files: Vec<PathBuf>,
}

/// Whether and where containers are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Docker {
    /// Where `DOCKER_HOST` says, else at the usual sockets if there is one.
    #[default]
    Auto,
    /// Nowhere.
    Off,
    /// There: `unix:///path` or `tcp://host:port`.
    At(String),
}

/// What is watched, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Watching {
    /// Where published ports of containers, and those on the host's network, are reached.
    pub host: String,
    /// The network in which containers are to be reached; `None`: any that is shared.
    pub network: Option<String>,
    /// From one reading of an engine's metrics to the next.
    pub interval: Duration,
    /// How long an engine may take to answer.
    pub timeout: Duration,
    /// For how long a target and a route stay after their container has ended.
    pub tombstone: Duration,
    /// Where the proxy's engine listener is, as LiteLLM's `api_base` names it: host and port.
    pub engine_listeners: BTreeSet<(String, u16)>,
    /// Engines named by hand.
    pub engines: Vec<EngineConfig>,
    /// LiteLLM proxies named by hand, or what is to be known of those that are found.
    pub litellm: Vec<LitellmConfig>,
    /// Projects of LangFuse.
    pub langfuse: Vec<Project>,
}

/// `[discovery]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawDiscovery {
    listen: SocketAddr,
    admin_access: RawAdminAccess,
    docker: String,
    host: String,
    network: Option<String>,
    interval: Span,
    timeout: Span,
    tombstone: Span,
    engine_listeners: Vec<String>,
    engines: Vec<RawEngine>,
    litellm: Vec<RawLitellm>,
    langfuse: Vec<RawLangfuse>,
}

impl Default for RawDiscovery {
    fn default() -> Self {
        Self {
            listen: Config::ADMIN.default,
            admin_access: RawAdminAccess::default(),
            docker: "auto".to_owned(),
            host: "127.0.0.1".to_owned(),
            network: None,
            interval: Span::from_secs(5),
            timeout: Span::from_secs(5),
            tombstone: Span::from_secs(5 * 60),
            engine_listeners: ENGINE_LISTENERS.map(str::to_owned).into(),
            engines: Vec::new(),
            litellm: Vec::new(),
            langfuse: Vec::new(),
        }
    }
}

impl Watching {
    /// Whether nothing is named by hand.
    pub fn is_empty(&self) -> bool {
        self.engines.is_empty() && self.litellm.is_empty() && self.langfuse.is_empty()
    }
}

impl Config {
    /// Where the pages are, and which key says otherwise.
    pub const ADMIN: AdminAddress = AdminAddress {
        table: Table::Discovery,
        key: "listen",
        default: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9901),
    };

    /// Reads, checks and resolves the layers.
    pub fn load(layers: &Layers) -> Result<Self, ConfigError> {
        let loaded: Loaded<RawDiscovery> = Sources::read(layers)?.table(Table::Discovery)?;
        let raw = &loaded.value;
        check_span(&loaded, "discovery.interval", raw.interval, INTERVALS)?;
        check_span(&loaded, "discovery.timeout", raw.timeout, TIMEOUTS)?;
        check_span(&loaded, "discovery.tombstone", raw.tombstone, TOMBSTONES)?;
        if !is_host(&raw.host) {
            let expected = "an address or a host's name, such as \"127.0.0.1\" or \
                            \"host.docker.internal\", without a port";
            return Err(loaded.invalid("discovery.host", &raw.host, expected));
        }
        let admin_access = raw.admin_access.read(&loaded, "discovery.admin_access")?;
        let engines = engine::resolve(&raw.engines, &loaded, "discovery.engines")?;
        let variable = |name: &str| std::env::var(name).ok();
        let litellm = litellm::resolve(&raw.litellm, &loaded, "discovery.litellm", &variable)?;
        let langfuse = projects(&loaded, variable)?;
        Ok(Self {
            listen: raw.listen,
            admin_access: Arc::new(admin_access),
            docker: docker(&loaded)?,
            watching: Watching {
                host: raw.host.clone(),
                network: raw.network.clone().filter(|name| !name.is_empty()),
                interval: raw.interval.duration(),
                timeout: raw.timeout.duration(),
                tombstone: raw.tombstone.duration(),
                engine_listeners: engine_listeners(&loaded)?,
                engines,
                litellm,
                langfuse,
            },
            admin_secret_files: raw.admin_access.files(),
        })
    }

    /// The files whose content is in force while it runs, the configuration's own among them. Those with
    /// secrets for others are read whenever they are used.
    pub(crate) fn files(&self, own: Option<&Path>) -> Vec<PathBuf> {
        own.map(Path::to_owned).into_iter().chain(self.admin_secret_files.clone()).collect()
    }

    /// Takes what can be changed while it runs from `new`. The rest stays; whether any of it differs is
    /// returned.
    pub(crate) fn reload(&mut self, new: Self) -> bool {
        let Self { admin_access, admin_secret_files, watching, .. } = new.clone();
        *self = Self { admin_access, admin_secret_files, watching, ..self.clone() };
        *self != new
    }
}

fn docker(loaded: &Loaded<RawDiscovery>) -> Result<Docker, ConfigError> {
    let text = loaded.value.docker.as_str();
    let is_address = ["unix:///", "tcp://"]
        .iter()
        .any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    match text {
        "auto" => Ok(Docker::Auto),
        "off" => Ok(Docker::Off),
        _ if is_address => Ok(Docker::At(text.to_owned())),
        _ => {
            let expected = "\"auto\", \"off\", \"unix:///PATH\" or \"tcp://HOST:PORT\"";
            Err(loaded.invalid("discovery.docker", text, expected))
        }
    }
}

/// Those that are configured; without any, the one of the variables that LangFuse's own SDKs read.
fn projects(
    loaded: &Loaded<RawDiscovery>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Project>, ConfigError> {
    let configured = &loaded.value.langfuse;
    if !configured.is_empty() {
        return langfuse::resolve(configured, loaded, "discovery.langfuse", variable);
    }
    let found = langfuse::from_environment(variable).map_err(|bad| {
        // One of them is a secret.
        let origin = format!("environment variable {}", bad.name());
        ConfigError::invalid(bad.name(), "(not shown)", bad.expected(), origin)
    })?;
    Ok(found.into_iter().collect())
}

/// `["127.0.0.1:9801"]`
fn engine_listeners(loaded: &Loaded<RawDiscovery>) -> Result<BTreeSet<(String, u16)>, ConfigError> {
    let listeners = loaded.value.engine_listeners.iter().enumerate();
    listeners
        .map(|(index, text)| {
            let parts = text.rsplit_once(':').and_then(|(host, port)| {
                let host = host.trim_matches(['[', ']']);
                Some((host.to_owned(), port.parse().ok().filter(|port| *port > 0)?))
            });
            parts.filter(|(host, _)| is_host(host)).ok_or_else(|| {
                let key = format!("discovery.engine_listeners.{index}");
                loaded.invalid(&key, text, "HOST:PORT, as in LiteLLM's api_base")
            })
        })
        .collect()
}

fn is_host(host: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    host.parse::<IpAddr>().is_ok() || ((1..=253).contains(&host.len()) && host.chars().all(is_name))
}

fn check_span<T>(
    loaded: &Loaded<T>,
    key: &str,
    span: Span,
    (least, most): (Span, Span),
) -> Result<(), ConfigError> {
    if (least..=most).contains(&span) {
        return Ok(());
    }
    Err(loaded.invalid(key, span, format!("{least} to {most}")))
}
