//! Which engine is behind a name that clients use at a gateway.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::deployment::{ApiBase, Deployment};
use crate::engine::EngineView;

/// Names by which containers find the host that they run on.
const HOST: [&str; 5] = [
    "localhost",
    "host.docker.internal",
    "gateway.docker.internal",
    "host.containers.internal",
    "host.lima.internal",
];
/// Most aliases of an engine that are shown.
const MOST_ALIASES: usize = 64;

/// A name that clients use, and the engine that they reach by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelLink {
    /// The engine's route; empty if it has none.
    pub route: String,
    /// The label `model` of the engine's metrics.
    pub model: String,
    /// The name that clients use.
    pub edge_model: String,
    /// The engine's container.
    pub container: String,
    /// Its id; empty for engines by hand.
    pub container_id: String,
}

/// Joins deployments with engines: by where the deployment is, and through the proxy's engine listener
/// (`proxies`: its hosts and ports) by the route in the path, or without one by the model. Sorted, without
/// repetitions.
pub fn join<'a>(
    deployments: impl IntoIterator<Item = &'a Deployment>,
    engines: &[EngineView],
    proxies: &BTreeSet<(String, u16)>,
) -> BTreeSet<ModelLink> {
    let mut links = BTreeSet::new();
    for deployment in deployments {
        let Some(base) = &deployment.api_base else { continue };
        // No request has such a name.
        if deployment.edge_model.contains('*') {
            continue;
        }
        for engine in behind(base, deployment, engines, proxies) {
            links.insert(ModelLink {
                route: engine.route.clone().unwrap_or_default(),
                model: model(deployment, engine),
                edge_model: deployment.edge_model.clone(),
                container: engine.container.clone(),
                container_id: engine.container_id.clone(),
            });
        }
    }
    links
}

/// The names that an engine gives to a model, other than the one in its metrics: (alias, model).
pub fn aliases(engines: &[EngineView]) -> BTreeSet<(String, String)> {
    let mut aliases = BTreeSet::new();
    for engine in engines {
        let Some((model, others)) = engine.models.split_first() else { continue };
        for alias in others.iter().filter(|alias| *alias != model).take(MOST_ALIASES) {
            aliases.insert((alias.clone(), model.clone()));
        }
    }
    aliases
}

/// The engines that a deployment's requests come to; several where a name stands for several.
fn behind<'a>(
    base: &ApiBase,
    deployment: &Deployment,
    engines: &'a [EngineView],
    proxies: &BTreeSet<(String, u16)>,
) -> Vec<&'a EngineView> {
    let serves = |engine: &&EngineView| serves(engine, deployment);
    if is_among(base, proxies) {
        return match route(base) {
            Some(route) => engines.iter().filter(|engine| is_route(engine, route)).collect(),
            None => only(engines.iter().filter(serves)),
        };
    }
    let there = engines.iter().filter(|engine| is_among(base, &engine.reached_at));
    let there: Vec<_> = there.collect();
    if !there.is_empty() {
        // Networks can give one name to several; then the model decides, if it can.
        let serving: Vec<_> = there.iter().copied().filter(serves).collect();
        return if serving.is_empty() { there } else { serving };
    }
    // The host has more addresses than are known here, and so has the proxy: two things have to agree.
    let published = engines.iter().filter(|engine| is_published(base, engine)).filter(serves);
    let published = only(published);
    match route(base) {
        Some(route) if published.is_empty() => {
            engines.iter().filter(|engine| is_route(engine, route)).filter(serves).collect()
        }
        _ => published,
    }
}

/// The one, if there is one only.
fn only<'a>(mut engines: impl Iterator<Item = &'a EngineView>) -> Vec<&'a EngineView> {
    match (engines.next(), engines.next()) {
        (Some(engine), None) => vec![engine],
        _ => Vec::new(),
    }
}

/// The label `model` of the engine that serves a deployment: its first name, whatever it is asked for.
fn model(deployment: &Deployment, engine: &EngineView) -> String {
    engine.models.first().unwrap_or(&deployment.model).clone()
}

/// Whether an engine has the model, by its own word.
fn serves(engine: &EngineView, deployment: &Deployment) -> bool {
    // A provider that is none may be part of the name.
    let whole = deployment.provider.as_ref().map(|first| format!("{first}/{}", deployment.model));
    let names = [Some(deployment.model.as_str()), whole.as_deref()];
    engine.models.iter().any(|model| names.contains(&Some(model)))
}

/// The route that the path names: `/<route>/v1`, with or without `/v1`.
fn route(base: &ApiBase) -> Option<&str> {
    let path = base.path.strip_suffix("/v1").unwrap_or(&base.path);
    path.strip_prefix('/').filter(|route| !route.is_empty() && !route.contains('/'))
}

fn is_route(engine: &EngineView, route: &str) -> bool {
    engine.route.as_deref() == Some(route)
}

fn is_among(base: &ApiBase, places: &BTreeSet<(String, u16)>) -> bool {
    let is_it = |(host, port): &(String, u16)| {
        *port == base.port
            && (host.eq_ignore_ascii_case(&base.host) || both_the_host(host, &base.host))
    };
    places.iter().any(is_it)
}

/// Whether an engine's port is published at all addresses of the host, of which this may be one.
fn is_published(base: &ApiBase, engine: &EngineView) -> bool {
    let is_private = match base.host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_private(),
        Ok(IpAddr::V6(address)) => address.is_unique_local(),
        Err(_) => false,
    };
    (is_private || is_the_host(&base.host))
        && engine.reached_at.iter().any(|(host, port)| {
            *port == base.port
                && host
                    .parse::<IpAddr>()
                    .is_ok_and(|address| address.is_unspecified() || address.is_loopback())
        })
}

fn both_the_host(a: &str, b: &str) -> bool {
    is_the_host(a) && is_the_host(b)
}

fn is_the_host(host: &str) -> bool {
    HOST.iter().any(|name| name.eq_ignore_ascii_case(host))
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}

#[cfg(test)]
mod tests;
