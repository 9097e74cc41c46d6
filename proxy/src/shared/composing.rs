//! What is in force is composed of the configuration and of what discovery has found, in whatever order
//! they change.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};
use weir_ledger::Hop;

use super::Shared;
use crate::config::{Config, Discovery};
use crate::discovery::{Failed, Found, FoundRoute, Listing};
use crate::in_force::InForce;

/// What it is composed of.
pub(super) struct Parts {
    pub(super) config: Config,
    pub(super) found: Found,
}

impl Shared {
    /// Begins to ask the upstreams for their models. Call it within a runtime.
    pub(crate) fn poll_models(&self) {
        let parts = self.parts.lock();
        self.polls.follow(parts.config.tls_ca_file.as_deref(), self.routes());
    }

    /// Another configuration, for the requests that come from now on. Call it within a runtime.
    pub(crate) fn apply(&self, config: &Config) {
        self.observers.follow(config);
        let mut parts = self.parts.lock();
        if config.discovery.is_none() {
            parts.found.end();
        }
        parts.config = config.clone();
        self.compose(&mut parts);
    }

    /// What came of asking discovery, of which `asked` is where. Call it within a runtime.
    pub(crate) fn discovery_said(
        &self,
        asked: &Discovery,
        answer: Result<Option<Listing>, Failed>,
    ) {
        let mut parts = self.parts.lock();
        if parts.config.discovery.as_ref() != Some(asked) {
            // A reload came in between.
            return;
        }
        match answer {
            Ok(Some(Listing { routes, left_out })) => {
                self.discovery.up(&self.ledger, routes.len(), Some(left_out));
                let before: Vec<_> = parts.found.routes().to_vec();
                if parts.found.take(routes) {
                    tell(&before, parts.found.routes());
                    self.compose(&mut parts);
                }
            }
            Ok(None) => self.discovery.up(&self.ledger, parts.found.routes().len(), None),
            Err(failed) => return self.discovery.down(&self.ledger, &failed),
        }
        if parts.config.idle_series.is_some() {
            // What discovery names is not idle, whatever the engine says.
            self.routes().iter().for_each(|route| route.learn_again());
        }
    }

    /// Whether nothing can be served before discovery has answered.
    pub(crate) fn waits_for_discovery(&self) -> bool {
        let Parts { config, found } = &*self.parts.lock();
        let has_routes = config.listeners.iter().any(|listener| !listener.routes.is_empty());
        config.discovery.is_some() && !found.has_answered() && !has_routes
    }

    /// Forgets the routes that have been gone for `idle`.
    pub(crate) fn forget_gone(&self, idle: Duration) {
        self.forget(&mut self.parts.lock(), Some(idle));
    }

    fn compose(&self, parts: &mut Parts) {
        let old = self.in_force();
        let new = Arc::new(InForce::new(&parts.config, &parts.found, &self.ledger, Some(&old)));
        for route in new.overruled.iter().filter(|name| !old.overruled.contains(name)) {
            warn!(route, "Discovery names a route that is configured; the configured one stays.");
        }
        *self.in_force.write() = Arc::clone(&new);
        drop(old);
        self.polls.follow(parts.config.tls_ca_file.as_deref(), new.routes());
        self.forget(parts, None);
    }

    fn forget(&self, parts: &mut Parts, idle: Option<Duration>) {
        parts.found.forget(idle, |name| self.ledger.forget_route(name, Hop::Engine));
    }
}

/// Says which routes have come, gone or changed.
fn tell(before: &[FoundRoute], now: &[FoundRoute]) {
    let lacking =
        |all: &[FoundRoute], route: &FoundRoute| !all.iter().any(|it| it.name == route.name);
    let names = |routes: Vec<&FoundRoute>| {
        let names: Vec<_> = routes.into_iter().map(|route| route.name.as_str()).collect();
        names.join(", ")
    };
    let came = names(now.iter().filter(|route| lacking(before, route)).collect());
    let went = names(before.iter().filter(|route| lacking(now, route)).collect());
    let is_other = |route: &&FoundRoute| !lacking(before, route) && !before.contains(route);
    let changed = names(now.iter().filter(is_other).collect());
    info!(came, went, changed, "Discovery names other routes.");
}
