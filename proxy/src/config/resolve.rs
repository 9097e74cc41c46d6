//! From what is written to what is meant: every rule that concerns more than one key.

mod access;
mod access_log;
mod discovery;
mod idle_series;
mod limits;
mod prices;

use std::sync::Arc;
use std::time::Duration;

use weir_daemon::config::{ConfigError, Loaded, Span};
use weir_ledger::Hop;
use weir_wire::UsagePolicy;

use super::raw::{
    RawAcceptEncoding, RawHalfClose, RawHop, RawHost, RawListenerTls, RawProxy, RawRoute, RawUsage,
};
use super::{Config, Listener, ListenerTls, RouteConfig, TelemetryConfig};
use crate::upstream::Upstream;

/// The name under which requests that no route takes are counted.
pub(crate) const UNROUTED: &str = "unrouted";

/// Names of no route: the first segments of paths that clients ask for without a route.
const PATHS: [&str; 2] = ["v1", "v2"];

/// More threads than that are a slip of the pen: the system refuses them one by one.
const MOST_THREADS: usize = 1024;

pub(super) fn resolve(
    mut loaded: Loaded<RawProxy>,
    telemetry: TelemetryConfig,
) -> Result<Config, ConfigError> {
    let single = single_route(&mut loaded)?;
    let keys = access::keys(&loaded)?;
    let routes = match single {
        Some(route) => vec![resolve_route(&loaded, "proxy", route)?],
        None => {
            let raw = std::mem::take(&mut loaded.value.routes);
            let with_keys = raw.into_iter().enumerate();
            with_keys
                .map(|(index, raw)| resolve_route(&loaded, &format!("proxy.routes.{index}"), raw))
                .collect::<Result<_, _>>()?
        }
    };
    let discovery = discovery::discovery(&loaded)?;
    let listeners = listeners(&loaded, routes)?;
    check_numbers(&loaded)?;
    let limits = limits::limits(&loaded)?;
    let clients = access::clients(&loaded)?;
    let access_log = access_log::access_log(&loaded)?;
    let prices = prices::prices(&loaded, &listeners)?;
    let idle_series = idle_series::idle_series(&loaded, &listeners)?;
    let admin_access = loaded.value.admin_access.read(&loaded, "proxy.admin_access")?;
    let raw = loaded.value;
    Ok(Config {
        admin: raw.admin,
        admin_access: Arc::new(admin_access),
        admin_secret_files: raw.admin_access.files(),
        listeners,
        drain_grace: raw.drain_grace.duration(),
        threads: raw.threads,
        connect_timeout: raw.connect_timeout.duration(),
        max_event: usize::try_from(raw.max_event.bytes()).unwrap_or(usize::MAX),
        tls_ca_file: raw.tls_ca_file,
        idle_series,
        hop_header: raw.hop_header,
        limits,
        keys,
        clients,
        access_log,
        prices: Arc::new(prices),
        discovery,
        telemetry,
    })
}

/// The route that `upstream` alone makes; its keys make no sense beside tables of routes.
fn single_route(loaded: &mut Loaded<RawProxy>) -> Result<Option<RawRoute>, ConfigError> {
    let raw = &loaded.value;
    let Some(upstream) = raw.upstream.clone() else {
        let lower = |word: &dyn std::fmt::Debug| format!("{word:?}").to_ascii_lowercase();
        for (key, value) in [
            ("proxy.listen", raw.listen.map(|address| address.to_string())),
            ("proxy.route", raw.route.clone()),
            ("proxy.hop", raw.hop.map(|hop| lower(&hop))),
            ("proxy.usage", raw.usage.map(|usage| lower(&usage))),
        ] {
            if let Some(value) = value {
                let expected = "proxy.upstream (--upstream) beside it, of which it is a part; \
                                for configured routes set the key of each route";
                return Err(loaded.invalid(key, value, expected));
            }
        }
        if raw.routes.is_empty() && raw.discovery.is_none() {
            let expected = "at least one route: --upstream http://HOST:PORT, --discovery \
                            http://HOST:PORT where weir-discovery finds them, or a [[proxy.routes]] \
                            table in the file that --config names";
            return Err(loaded.invalid("proxy.routes", "none", expected));
        }
        return Ok(None);
    };
    for (is_there, other) in [
        (!raw.routes.is_empty(), "[[proxy.routes]]"),
        (raw.discovery.is_some(), "[proxy.discovery]"),
    ] {
        if is_there {
            let expected = format!("either one upstream or {other}, not both");
            return Err(loaded.invalid("proxy.upstream", upstream, expected));
        }
    }
    let mut route = RawRoute::to(upstream);
    route.hop = raw.hop.unwrap_or_default();
    route.usage = raw.usage.unwrap_or_default();
    if let Some(name) = &raw.route {
        name.clone_into(&mut route.name);
    }
    if let Some(listen) = raw.listen {
        match route.hop {
            RawHop::Edge => loaded.value.edge = listen,
            RawHop::Engine => loaded.value.engine = listen,
        }
    }
    Ok(Some(route))
}

fn resolve_route(
    loaded: &Loaded<RawProxy>,
    key: &str,
    raw: RawRoute,
) -> Result<(RawHop, RouteConfig), ConfigError> {
    let name_key = if key == "proxy" { "proxy.route".to_owned() } else { format!("{key}.name") };
    if !may_name_a_route(&raw.name) {
        let expected = "1 to 64 letters, digits, '-', '_' or '.', other than \"unrouted\", \"v1\" \
                        and \"v2\"";
        return Err(loaded.invalid(&name_key, raw.name, expected));
    }
    check_models(loaded, key, &raw.models)?;
    let poll_models = raw.poll_models.duration();
    if !poll_models.is_zero() && poll_models < Duration::from_secs(1) {
        let expected = "1s or more, or 0s for never";
        return Err(loaded.invalid(&format!("{key}.poll_models"), raw.poll_models, expected));
    }
    let host_of_upstream = match raw.host {
        Some(host) => host == RawHost::Upstream,
        None => raw.upstream.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:")),
    };
    let upstream = Upstream::parse(&raw.upstream, host_of_upstream, raw.tls_verify)
        .map_err(|expected| loaded.invalid(&format!("{key}.upstream"), &raw.upstream, expected))?;
    let access = access::route(loaded, key, &raw)?;
    let route = RouteConfig {
        name: raw.name,
        hop: hop(raw.hop),
        upstream: Arc::new(upstream),
        usage: usage(raw.usage),
        models: raw.models,
        poll_models: (!poll_models.is_zero()).then_some(poll_models),
        models_key_file: raw.models_key_file,
        pass_accept_encoding: raw.accept_encoding == RawAcceptEncoding::Pass,
        allow_half_close: raw.half_close == RawHalfClose::Allow,
        access,
    };
    Ok((raw.listener.unwrap_or(raw.hop), route))
}

/// A name that is no label would silently be counted as `other`.
fn check_models(
    loaded: &Loaded<RawProxy>,
    key: &str,
    models: &[String],
) -> Result<(), ConfigError> {
    let longest = weir_wire::Limits::default().model_bytes;
    for (index, model) in models.iter().enumerate() {
        if model.is_empty() || model.len() > longest {
            let key = format!("{key}.models.{index}");
            let found = format!("a name of {} bytes", model.len());
            return Err(loaded.invalid(&key, found, format!("1 to {longest} bytes")));
        }
    }
    Ok(())
}

fn listeners(
    loaded: &Loaded<RawProxy>,
    routes: Vec<(RawHop, RouteConfig)>,
) -> Result<Vec<Listener>, ConfigError> {
    for (index, (_, route)) in routes.iter().enumerate() {
        if routes[..index].iter().any(|(_, before)| before.name == route.name) {
            let key = format!("proxy.routes.{index}.name");
            return Err(loaded.invalid(&key, &route.name, "a name that no other route has"));
        }
    }
    let of = |kind: RawHop, address, tls: &Option<RawListenerTls>| Listener {
        kind: hop(kind),
        address,
        routes: routes.iter().filter(|(at, _)| *at == kind).map(|(_, r)| r.clone()).collect(),
        tls: tls.as_ref().map(listener_tls),
    };
    let raw = &loaded.value;
    let mut listeners = vec![
        of(RawHop::Edge, raw.edge, &raw.tls.edge),
        of(RawHop::Engine, raw.engine, &raw.tls.engine),
    ];
    let is_fed = |listener: &Listener| raw.discovery.is_some() && listener.kind == Hop::Engine;
    listeners.retain(|listener| !listener.routes.is_empty() || is_fed(listener));
    let mut taken = vec![raw.admin];
    for listener in &listeners {
        if listener.address.port() != 0 && taken.contains(&listener.address) {
            let key = match raw.listen {
                Some(_) => "proxy.listen".to_owned(),
                None => format!("proxy.{}", listener.kind.as_str()),
            };
            let expected = "an address that neither the admin endpoints nor another listener has";
            return Err(loaded.invalid(&key, listener.address, expected));
        }
        taken.push(listener.address);
    }
    Ok(listeners)
}

fn listener_tls(raw: &RawListenerTls) -> ListenerTls {
    let RawListenerTls { certificate, key, client_ca } = raw;
    ListenerTls { certificate: certificate.clone(), key: key.clone(), client_ca: client_ca.clone() }
}

fn check_numbers(loaded: &Loaded<RawProxy>) -> Result<(), ConfigError> {
    let raw = &loaded.value;
    if let Some(threads) = raw.threads
        && !(1..=MOST_THREADS).contains(&threads)
    {
        let expected = format!("1 to {MOST_THREADS}, or leave it out");
        return Err(loaded.invalid("proxy.threads", threads, expected));
    }
    if raw.connect_timeout == Span::default() {
        return Err(loaded.invalid("proxy.connect_timeout", "0s", "more than nothing"));
    }
    if !(1 << 10..=1 << 30).contains(&raw.max_event.bytes()) {
        let found = raw.max_event.bytes();
        return Err(loaded.invalid("proxy.max_event", found, "between 1KiB and 1GiB"));
    }
    Ok(())
}

fn hop(raw: RawHop) -> Hop {
    match raw {
        RawHop::Edge => Hop::Edge,
        RawHop::Engine => Hop::Engine,
    }
}

fn usage(raw: RawUsage) -> UsagePolicy {
    match raw {
        RawUsage::Exact => UsagePolicy::Exact,
        RawUsage::Observe => UsagePolicy::Observe,
    }
}

/// Whether a route may have this name, whoever gives it.
pub(crate) fn may_name_a_route(name: &str) -> bool {
    is_route_name(name) && name != UNROUTED && !PATHS.contains(&name)
}

/// A name becomes a label and a path segment.
fn is_route_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use weir_daemon::config::Layers;

    use super::*;

    #[test]
    fn https_is_https_however_it_is_written() {
        for (url, host) in [("HTTPS://h:1", Some("h:1")), ("Http://h", None)] {
            let layers = Layers::new().with_override("--upstream", "proxy.upstream", url);
            let config = Config::load(&layers).unwrap();
            assert_eq!(config.listeners[0].routes[0].upstream.host_header(), host);
        }
    }
}
