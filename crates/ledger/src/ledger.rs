//! The ledger: one registry, its families and its routes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::RwLock;
use weir_wire::Degraded;

use crate::Route;
use crate::access_log::LogLine;
use crate::clients::Clients;
use crate::families::Families;
use crate::family::Written;
use crate::labels::{FeedLabels, Hop, ListenerLabels, OverflowLabels, ReasonLabels, ResultLabels};
use crate::metric::Detail;
use crate::models::ModelOrigin;
use crate::registrar::Registrar;
use crate::rejection::Rejection;
use crate::spans::SpanResult;

/// Every request metric of one proxy. Clones are the same ledger.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    families: Arc<Families>,
    names: Vec<&'static str>,
    /// All of them, in the order in which they are written.
    written: Vec<Box<dyn Written>>,
    clients: Arc<Clients>,
    routes: RwLock<HashMap<(String, Hop), Route>>,
    /// Held for reading while the exposition is written, for writing while models are forgotten: a
    /// scrape has all of a model, or nothing.
    whole: RwLock<()>,
}

impl Ledger {
    /// An empty ledger with a registry of its own. The configuration counts as loaded, since a
    /// proxy does not start without one.
    pub fn new() -> Self {
        let mut registrar = Registrar::default();
        let families = Families::new(&mut registrar);
        let own = &families.own;
        for reason in Degraded::ALL {
            own.degraded.get_or_create(&ReasonLabels { reason: reason.as_str() });
        }
        for reason in Rejection::ALL {
            own.rejections.get_or_create(&ReasonLabels { reason: reason.as_str() });
        }
        for result in LogLine::ALL {
            own.log_lines.get_or_create(&ResultLabels { result: result.as_str() });
        }
        for result in SpanResult::ALL {
            own.spans.get_or_create(&ResultLabels { result: result.as_str() });
        }
        for success in [true, false] {
            own.reloads.get_or_create(&reload_labels(success));
        }
        own.overflow.get_or_create(&MODEL_OVERFLOW);
        let clients = Clients::new(own.overflow.get_or_create(&CLIENT_OVERFLOW));
        own.last_reload.set(1);
        let Registrar { names, families: written } = registrar;
        let (families, routes) = (Arc::new(families), RwLock::default());
        let (clients, whole) = (Arc::new(clients), RwLock::default());
        Self { inner: Arc::new(Inner { families, names, written, clients, routes, whole }) }
    }

    /// The route of that name and hop. A second call gives the same series, and adds the models.
    pub fn route(&self, name: &str, hop: Hop, configured_models: &[String]) -> Route {
        let route = {
            let mut routes = self.inner.routes.write();
            routes
                .entry((name.to_owned(), hop))
                .or_insert_with(|| Route::new(&self.inner.families, &self.inner.clients, name, hop))
                .clone()
        };
        route.add(configured_models, ModelOrigin::Configured);
        route
    }

    /// The exposition in OpenMetrics text, without the closing `# EOF`, so that others can be added.
    pub fn encode(&self) -> String {
        self.written(Detail::Classic)
    }

    /// The same with native histograms: of each series of times, its classic buckets and after them one
    /// sample with all of its native ones, as the draft of OpenMetrics 2.0 has it.
    pub fn encode_native(&self) -> String {
        self.written(Detail::Native)
    }

    fn written(&self, detail: Detail) -> String {
        let _whole = self.inner.whole.read();
        let mut text = String::with_capacity(64 * 1024);
        for family in &self.inner.written {
            family.write(&mut text, detail);
        }
        text
    }

    /// Forgets model names that nobody has asked for and no listing has named for `idle`: their
    /// series leave the exposition, their places are free for others. Those that come back begin
    /// at 0. Returns how many are gone.
    ///
    /// Call it again and again: a name is idle from the first call that finds it so, and so it
    /// goes at most two pauses between calls late. It stays
    ///
    /// - if the configuration names it;
    /// - while a request for it is under way;
    /// - if it was listed, until a later list lacks it.
    pub fn expire(&self, now: Instant, idle: Duration) -> usize {
        let routes: Vec<_> = self.inner.routes.read().values().cloned().collect();
        let _whole = self.inner.whole.write();
        routes.iter().map(|route| route.expire(now, idle)).sum()
    }

    /// Forgets a route that is gone for good, with every series of it. Not one that somebody still
    /// holds, as each of its requests does: then it returns `false`, and may be called again.
    pub fn forget_route(&self, name: &str, hop: Hop) -> bool {
        let _whole = self.inner.whole.write();
        let mut routes = self.inner.routes.write();
        let key = (name.to_owned(), hop);
        // Nobody gets hold of it now: that takes the lock.
        if !routes.get(&key).is_some_and(Route::is_unused) {
            return !routes.contains_key(&key);
        }
        if let Some(route) = routes.remove(&key) {
            let has_namesake = routes.keys().any(|(other, _)| other == name);
            route.remove(has_namesake);
        }
        true
    }

    /// Discovery was read.
    pub fn discovery_read(&self, at: SystemTime) {
        let own = &self.inner.families.own;
        own.source_up.get_or_create(&DISCOVERY).set(1);
        let seconds = at.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        own.source_read.get_or_create(&DISCOVERY).set(seconds);
    }

    /// Discovery could not be read, or was not yet.
    pub fn discovery_failed(&self) {
        self.inner.families.own.source_up.get_or_create(&DISCOVERY).set(0);
    }

    /// Discovery is not read any more.
    pub fn discovery_off(&self) {
        let own = &self.inner.families.own;
        own.source_up.remove(&DISCOVERY);
        own.source_read.remove(&DISCOVERY);
    }

    /// How many keys without an alias may be values of the `client` label, of all routes together;
    /// none until this is called. Those that are stay.
    pub fn limit_clients(&self, most: usize) {
        self.inner.clients.limit(most);
    }

    /// Requests that have started and not ended: the sum of `llm_active_requests`.
    pub fn active(&self) -> u64 {
        self.inner.routes.read().values().map(Route::active).sum()
    }

    /// The configuration was read: at the start, or again (`reload`); `ok` if it is in force now.
    pub fn config_loaded(&self, reload: bool, ok: bool) {
        let own = &self.inner.families.own;
        if reload {
            own.reloads.get_or_create(&reload_labels(ok)).inc();
        }
        own.last_reload.set(i64::from(ok));
    }

    /// The proxy itself refused a request, or what would have been one.
    pub fn rejected(&self, reason: Rejection) {
        let labels = ReasonLabels { reason: reason.as_str() };
        self.inner.families.own.rejections.get_or_create(&labels).inc();
    }

    /// This became of so many lines of the access log.
    pub fn log_lines(&self, result: LogLine, count: u64) {
        let labels = ResultLabels { result: result.as_str() };
        self.inner.families.own.log_lines.get_or_create(&labels).inc_by(count);
    }

    /// This became of so many spans.
    pub fn spans(&self, result: SpanResult, count: u64) {
        let labels = ResultLabels { result: result.as_str() };
        self.inner.families.own.spans.get_or_create(&labels).inc_by(count);
    }

    /// A client's connection to a listener was opened, or closed again (`-1`).
    pub fn connections(&self, listener: Hop, change: i64) {
        let connections = &self.inner.families.own.connections;
        connections.get_or_create(&ListenerLabels { listener }).inc_by(change);
    }

    /// Names of all metrics that this ledger can expose, as text format 0.0.4 has them (`_total`
    /// included), whether they have series yet or not.
    pub fn metric_names(&self) -> &[&'static str] {
        &self.inner.names
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

/// Label set of names that did not become values of `model`.
pub(crate) const MODEL_OVERFLOW: OverflowLabels = OverflowLabels { label: "model" };

/// Label set of clients that did not become values of `client`.
const CLIENT_OVERFLOW: OverflowLabels = OverflowLabels { label: "client" };

/// Label set of what discovery names.
const DISCOVERY: FeedLabels = FeedLabels { source: "discovery" };

fn reload_labels(success: bool) -> ResultLabels {
    ResultLabels { result: if success { "success" } else { "failure" } }
}
