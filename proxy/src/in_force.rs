//! What of the configuration is in force, with the routes that discovery names. It is made anew as a
//! whole, and a request keeps to what was in force when it came.

use std::sync::Arc;
use std::time::Duration;

use weir_daemon::admin::AdminAccess;
use weir_ledger::{Cost, Hop, Ledger};
use weir_wire::Outcome;

use crate::access::Access;
use crate::config::{Config, Limits, RouteConfig};
use crate::discovery::Found;
use crate::price::Prices;
use crate::route::{Origin, Route};
use crate::table::Table;

/// Routes, limits and who may send what.
pub(crate) struct InForce {
    edge: Table,
    engine: Table,
    /// Names that discovery gives to routes and that configured ones have.
    pub(crate) overruled: Vec<String>,
    pub(crate) connect_timeout: Duration,
    pub(crate) limits: Limits,
    /// What tokens cost …
    prices: Arc<Prices>,
    /// … and at which hop that is counted.
    cost_hop: Option<Hop>,
    /// Whether the edge says in a header of its own which request it is.
    pub(crate) hop_header: bool,
    /// Whether any route leads to an engine: only then can requests be joined here.
    pub(crate) has_engines: bool,
    /// Who may send what.
    pub(crate) access: Access,
    /// Who may see the admin pages.
    pub(crate) admin_access: Arc<AdminAccess>,
}

impl InForce {
    /// Routes that are the same as in `old` stay as they are; others keep what was learnt of the same
    /// upstream.
    pub(crate) fn new(config: &Config, found: &Found, ledger: &Ledger, old: Option<&Self>) -> Self {
        ledger.limit_clients(config.clients.most);
        let routes = old.map(Self::routes).unwrap_or_default();
        let live = |route: RouteConfig, origin| {
            if let Some(same) = routes.iter().find(|old| old.is(&route, origin, config.max_event)) {
                return Arc::clone(same);
            }
            let alike = routes.iter().find(|old| old.has_the_upstream_of(&route));
            let alike = alike.map(Arc::as_ref);
            Arc::new(Route::new(route, origin, ledger, config.max_event, alike))
        };
        let configured = |kind| {
            let listener = config.listeners.iter().find(|listener| listener.kind == kind);
            let routes = listener.map_or(&[][..], |listener| &listener.routes);
            routes.iter().map(|route| live(route.clone(), Origin::Configured)).collect::<Vec<_>>()
        };
        let (edge, mut engine) = (configured(Hop::Edge), configured(Hop::Engine));
        let mut overruled = Vec::new();
        let engine = match &config.discovery {
            Some(discovery) => {
                for route in found.routes() {
                    if edge.iter().chain(&engine).any(|own| own.config.name == route.name) {
                        overruled.push(route.name.clone());
                    } else {
                        engine.push(live(route.config(config, discovery), Origin::Discovered));
                    }
                }
                Table::fed(engine, found.has_answered(), found.gone())
            }
            None => Table::new(engine),
        };
        let routes = config.listeners.iter().flat_map(|listener| &listener.routes);
        let hops = routes.map(|route| route.hop);
        let edge = Table::new(edge);
        let mut all = edge.routes().iter().chain(engine.routes());
        let has_engines = all.any(|route| route.config.hop == Hop::Engine);
        Self {
            edge,
            engine,
            hop_header: config.hop_header,
            has_engines,
            overruled,
            connect_timeout: config.connect_timeout,
            limits: config.limits,
            prices: Arc::clone(&config.prices),
            cost_hop: config.prices.hop.among(hops),
            access: Access::new(config, old.map(|old| &old.access)),
            admin_access: Arc::clone(&config.admin_access),
        }
    }

    pub(crate) fn table(&self, listener: Hop) -> &Table {
        match listener {
            Hop::Edge => &self.edge,
            Hop::Engine => &self.engine,
        }
    }

    /// What a request to this route cost, where that is known and counted there.
    pub(crate) fn cost(&self, route: &RouteConfig, outcome: &Outcome) -> Option<Cost> {
        let is_counted = self.cost_hop == Some(route.hop);
        is_counted.then(|| self.prices.cost(&route.name, outcome)).flatten()
    }

    /// Every route of every listener.
    pub(crate) fn routes(&self) -> Vec<Arc<Route>> {
        [&self.edge, &self.engine].iter().flat_map(|table| table.routes().to_vec()).collect()
    }
}
