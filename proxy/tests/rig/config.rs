//! Configurations of tests: every port free, nothing asked of the upstream unasked.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use weir_proxy::{
    Clients, Config, Hop, Limits, Listener, RouteAccess, RouteConfig, TelemetryConfig, Upstream,
};
use weir_wire::UsagePolicy;

fn free_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// A route of the hop `engine`: `usage = "exact"`, the model `tiny` configured, no polling.
/// Its fields are public: change what matters.
pub(crate) fn route(name: &str, url: &str) -> RouteConfig {
    RouteConfig {
        name: name.to_owned(),
        hop: Hop::Engine,
        upstream: Arc::new(Upstream::parse(url, url.starts_with("https:"), true).unwrap()),
        usage: UsagePolicy::Exact,
        models: vec!["tiny".to_owned()],
        poll_models: None,
        models_key_file: None,
        pass_accept_encoding: false,
        allow_half_close: false,
        access: RouteAccess::default(),
    }
}

/// The edge listener with these routes, which are of the hop `edge` then.
pub(crate) fn edge(routes: impl IntoIterator<Item = RouteConfig>) -> Listener {
    let routes = routes.into_iter().map(|route| RouteConfig { hop: Hop::Edge, ..route });
    Listener { kind: Hop::Edge, address: free_port(), routes: routes.collect(), tls: None }
}

/// The engine listener with these routes.
pub(crate) fn engine(routes: impl IntoIterator<Item = RouteConfig>) -> Listener {
    Listener {
        kind: Hop::Engine,
        address: free_port(),
        routes: routes.into_iter().collect(),
        tls: None,
    }
}

/// A configuration with these listeners. Its fields are public: change what matters.
pub(crate) fn config(listeners: impl IntoIterator<Item = Listener>) -> Config {
    Config {
        admin: free_port(),
        admin_access: Arc::default(),
        admin_secret_files: Vec::new(),
        listeners: listeners.into_iter().collect(),
        drain_grace: Duration::from_secs(5),
        threads: Some(2),
        connect_timeout: Duration::from_secs(5),
        max_event: 4 << 20,
        tls_ca_file: None,
        idle_series: None,
        hop_header: false,
        limits: Limits::default(),
        keys: Vec::new(),
        clients: Clients::default(),
        prices: Arc::default(),
        access_log: None,
        discovery: None,
        telemetry: TelemetryConfig::default(),
    }
}
