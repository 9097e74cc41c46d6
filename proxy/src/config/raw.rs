//! The table `[proxy]` as it is written. The comments here are the reference of the keys.

mod access;
mod access_log;
mod discovery;
mod limits;
mod prices;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use weir_daemon::config::{RawAdminAccess, Size, Span};

use super::Config;

pub(super) use access::{RawAccess, RawClientMetrics, RawClients, RawKey};
pub(super) use access_log::RawAccessLog;
pub(super) use discovery::RawDiscovery;
pub(super) use limits::RawLimits;
pub(super) use prices::{RawCost, RawPrice};
pub(super) use tls::{RawListenerTls, RawTls};

/// `[proxy]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawProxy {
    /// Address of the admin endpoints.
    pub(super) admin: SocketAddr,
    /// `[proxy.admin_access]`
    pub(super) admin_access: RawAdminAccess,
    /// Address of the edge listener (in front of LiteLLM): what clients may reach.
    pub(super) edge: SocketAddr,
    /// Address of the engine listener (in front of vLLM): never to be published.
    pub(super) engine: SocketAddr,
    /// How long live requests may go on after SIGTERM.
    pub(super) drain_grace: Span,
    /// Worker threads, at most 1024; one per core unless set.
    pub(super) threads: Option<usize>,
    /// How long connecting to an upstream may take, TLS included.
    pub(super) connect_timeout: Span,
    /// Larger events flow on unread.
    pub(super) max_event: Size,
    /// Certificates (PEM) to trust instead of the system's, for HTTPS upstreams.
    pub(super) tls_ca_file: Option<PathBuf>,
    /// Model names that no request was for in this time are forgotten with their series: `1m` or
    /// more, and more than any `poll_models`; `0s`: never.
    pub(super) idle_series: Span,
    /// `edge`, `engine` or `off`: at which hop costs are counted; at the edge, if a route is there, unless
    /// set.
    pub(super) cost: Option<RawCost>,
    /// `[[proxy.prices]]`
    pub(super) prices: Vec<RawPrice>,
    /// Whether `x-weir-hop` tells the gateway which request of the edge it has, and the engine listener takes it
    /// out: for a gateway that passes on `x-` headers but no `traceparent`.
    pub(super) hop_header: bool,
    /// `[proxy.limits]`
    pub(super) limits: RawLimits,
    /// `[proxy.tls]`
    pub(super) tls: RawTls,
    /// `[[proxy.keys]]`
    pub(super) keys: Vec<RawKey>,
    /// `[proxy.clients]`
    pub(super) clients: RawClients,
    /// `[proxy.access_log]`
    pub(super) access_log: RawAccessLog,
    /// `[proxy.discovery]`
    pub(super) discovery: Option<RawDiscovery>,
    /// A single route without a table of its own: its upstream …
    pub(super) upstream: Option<String>,
    /// … its listening address, instead of `edge` or `engine` …
    pub(super) listen: Option<SocketAddr>,
    /// … its name …
    pub(super) route: Option<String>,
    /// … its hop …
    pub(super) hop: Option<RawHop>,
    /// … and its usage.
    pub(super) usage: Option<RawUsage>,
    /// `[[proxy.routes]]`
    pub(super) routes: Vec<RawRoute>,
}

impl Default for RawProxy {
    fn default() -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            admin: Config::ADMIN.default,
            admin_access: RawAdminAccess::default(),
            edge: local(9800),
            engine: local(9801),
            drain_grace: Span::from_secs(30),
            threads: None,
            connect_timeout: Span::from_secs(10),
            max_event: Size::from_bytes(4 << 20),
            tls_ca_file: None,
            idle_series: Span::default(),
            cost: None,
            prices: Vec::new(),
            hop_header: false,
            limits: RawLimits::default(),
            tls: RawTls::default(),
            keys: Vec::new(),
            clients: RawClients::default(),
            access_log: RawAccessLog::default(),
            discovery: None,
            upstream: None,
            listen: None,
            route: None,
            hop: None,
            usage: None,
            routes: Vec::new(),
        }
    }
}

/// `[[proxy.routes]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRoute {
    /// A label, and the first path segment where a listener has several routes; not `unrouted`, `v1`
    /// or `v2`.
    #[serde(default = "default_name")]
    pub(super) name: String,
    /// Which listener it belongs to; its hop unless set.
    pub(super) listener: Option<RawHop>,
    /// `edge` in front of LiteLLM, `engine` in front of vLLM; `engine` unless set.
    #[serde(default)]
    pub(super) hop: RawHop,
    /// `http://HOST:PORT` or `https://HOST[:PORT]`, without a path.
    pub(super) upstream: String,
    /// `exact` or `observe`.
    #[serde(default)]
    pub(super) usage: RawUsage,
    /// Names that are known without being asked for.
    #[serde(default)]
    pub(super) models: Vec<String>,
    /// How often `GET /v1/models` is asked of the upstream: `1s` or more; `0s`: never.
    #[serde(default = "default_poll")]
    pub(super) poll_models: Span,
    /// File with the bearer key for that question.
    pub(super) models_key_file: Option<PathBuf>,
    /// `identity` or `pass`: what becomes of the client's `accept-encoding`.
    #[serde(default)]
    pub(super) accept_encoding: RawAcceptEncoding,
    /// `close` or `allow`: whether a client that shuts its sending side has left.
    #[serde(default)]
    pub(super) half_close: RawHalfClose,
    /// `pass` or `upstream`: the `host` header; `pass` for HTTP and `upstream` for HTTPS unless set.
    pub(super) host: Option<RawHost>,
    /// Whether the certificate of an HTTPS upstream is checked.
    #[serde(default = "default_true")]
    pub(super) tls_verify: bool,
    /// `open` or `keys`: whether a key of `[[proxy.keys]]` has to be shown; `keys` if there are any.
    pub(super) access: Option<RawAccess>,
    /// Aliases of the keys that may use it; all of them unless set.
    pub(super) allow_keys: Option<Vec<String>>,
    /// Networks from which it may be used; from anywhere unless set. The address is that of the
    /// connection: no header is believed.
    pub(super) allow_from: Option<Vec<String>>,
    /// What it may be used for: values of the `endpoint` label, `model_list` (`GET …/models`),
    /// `passthrough` (all that runs no model); anything unless set.
    pub(super) allow_endpoints: Option<Vec<String>>,
}

impl RawRoute {
    /// A route of which only the upstream was named.
    pub(super) fn to(upstream: String) -> Self {
        Self {
            name: default_name(),
            listener: None,
            hop: RawHop::default(),
            upstream,
            usage: RawUsage::default(),
            models: Vec::new(),
            poll_models: default_poll(),
            models_key_file: None,
            accept_encoding: RawAcceptEncoding::default(),
            half_close: RawHalfClose::default(),
            host: None,
            tls_verify: true,
            access: None,
            allow_keys: None,
            allow_from: None,
            allow_endpoints: None,
        }
    }
}

fn default_name() -> String {
    "default".to_owned()
}

fn default_poll() -> Span {
    Span::from_secs(30)
}

fn default_true() -> bool {
    true
}

/// `edge` or `engine`
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawHop {
    Edge,
    #[default]
    Engine,
}

/// `exact` or `observe`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawUsage {
    #[default]
    Exact,
    Observe,
}

/// `identity` or `pass`
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawAcceptEncoding {
    #[default]
    Identity,
    Pass,
}

/// `close` or `allow`
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawHalfClose {
    #[default]
    Close,
    Allow,
}

/// `pass` or `upstream`
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawHost {
    Pass,
    Upstream,
}
