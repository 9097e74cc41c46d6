//! What all requests of the process share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Notify;
use weir_ledger::{Hop, Ledger, Route as Series};

use crate::config::{Config, RouteConfig, UNROUTED};
use crate::route::Route;
use crate::table::Table;

/// Series, routes and the state of the drain.
pub(crate) struct Shared {
    pub(crate) ledger: Ledger,
    tables: RwLock<Tables>,
    /// Series of requests that no route takes, by listener.
    pub(crate) unrouted_edge: Series,
    pub(crate) unrouted_engine: Series,
    /// What is left is being cut off.
    cutting: AtomicBool,
    in_flight: AtomicUsize,
    ended: Notify,
}

struct Tables {
    edge: Table,
    engine: Table,
    connect_timeout: Duration,
}

impl Shared {
    pub(crate) fn new(config: &Config, ledger: Ledger) -> Arc<Self> {
        let tables = Tables::new(config, &ledger, &[]);
        Arc::new(Self {
            unrouted_edge: ledger.route(UNROUTED, Hop::Edge, &[]),
            unrouted_engine: ledger.route(UNROUTED, Hop::Engine, &[]),
            ledger,
            tables: RwLock::new(tables),
            cutting: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            ended: Notify::new(),
        })
    }

    /// Takes the routes of another configuration for the requests that come from now on. Those
    /// that are the same stay as they are, with what was learnt of their upstreams.
    pub(crate) fn apply(&self, config: &Config) {
        let tables = Tables::new(config, &self.ledger, &self.routes());
        *self.tables.write().unwrap_or_else(PoisonError::into_inner) = tables;
    }

    pub(crate) fn table(&self, listener: Hop) -> Table {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        match listener {
            Hop::Edge => tables.edge.clone(),
            Hop::Engine => tables.engine.clone(),
        }
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).connect_timeout
    }

    /// Every route of every listener.
    pub(crate) fn routes(&self) -> Vec<Arc<Route>> {
        let tables = [self.table(Hop::Edge), self.table(Hop::Engine)];
        tables.iter().flat_map(|table| table.routes().to_vec()).collect()
    }

    /// From now on what ends was cut by Weir.
    pub(crate) fn cut(&self) {
        self.cutting.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_cutting(&self) -> bool {
        self.cutting.load(Ordering::SeqCst)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Waits until no request is under way.
    pub(crate) async fn idle(&self) {
        loop {
            let ended = self.ended.notified();
            if self.in_flight() == 0 {
                return;
            }
            ended.await;
        }
    }
}

impl Tables {
    /// `old` are routes that are there already.
    fn new(config: &Config, ledger: &Ledger, old: &[Arc<Route>]) -> Self {
        let live = |route: &RouteConfig| {
            let same = old.iter().find(|old| old.is(route, config.max_event));
            same.map_or_else(
                || Arc::new(Route::new(route.clone(), ledger, config.max_event)),
                Arc::clone,
            )
        };
        let table = |kind| {
            let listener = config.listeners.iter().find(|listener| listener.kind == kind);
            let routes = listener.map_or(&[][..], |listener| &listener.routes);
            Table::new(routes.iter().map(live).collect())
        };
        Self {
            edge: table(Hop::Edge),
            engine: table(Hop::Engine),
            connect_timeout: config.connect_timeout,
        }
    }
}

/// A request under way, for as long as it is held.
pub(crate) struct InFlight(Arc<Shared>);

impl InFlight {
    pub(crate) fn begin(shared: &Arc<Shared>) -> Self {
        shared.in_flight.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.0.ended.notify_waiters();
    }
}
