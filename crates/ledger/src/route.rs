//! One route: its model names, its series, and where its requests begin.

mod across;
mod expiry;
mod removal;

use std::collections::HashSet;
use std::sync::Arc;

pub use across::Across;
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use prometheus_client::metrics::counter::Counter;
use weir_wire::Endpoint;

use crate::Entry;
use crate::clients::{Client, Clients};
use crate::families::Families;
use crate::idle::Watch;
use crate::labels::{ClientLabels, CodeLabels, EndpointLabels, Hop, RequestLabels, RouteLabels};
use crate::late::{LateCounter, LateGauge};
use crate::ledger::MODEL_OVERFLOW;
use crate::map::Map;
use crate::model::Model;
use crate::models::{Added, ModelOrigin, Models};
use crate::series::{Series, TransportSeries};

/// Most models per route whose outcomes exist at 0 before their first request. Each costs 100
/// series; a gateway that lists hundreds of models gets those of the others as they are used.
const MODELS_AT_ZERO: usize = 128;

/// The endpoints whose outcomes exist at 0 for every known model; those of the others appear with
/// their first request. Each costs 20 series a model.
const LIKELY: [Endpoint; 5] = [
    Endpoint::ChatCompletions,
    Endpoint::Completions,
    Endpoint::Responses,
    Endpoint::Messages,
    Endpoint::Embeddings,
];

/// A route of the proxy: a cheap handle, clones are the same route.
#[derive(Clone)]
pub struct Route {
    inner: Arc<Inner>,
}

struct Inner {
    families: Arc<Families>,
    clients: Arc<Clients>,
    /// Which clients have series here.
    clients_seen: RwLock<HashSet<Arc<str>>>,
    labels: RouteLabels,
    models: Models,
    /// Held for writing while the series of a name that is gone are taken out; for reading while
    /// something else than its requests makes or writes some.
    names_stay: RwLock<()>,
    /// How many listings have come; held while one is taken in.
    listings: Mutex<u64>,
    watch: Mutex<Watch>,
    active: [LateGauge<EndpointLabels>; Endpoint::ALL.len()],
    /// Answers with 200: nearly all.
    fine: LateCounter<CodeLabels>,
    /// Those with other codes.
    responses: RwLock<Map<u16, Counter>>,
    transport: TransportSeries,
    model_overflow: Counter,
    passthrough: Counter,
    retries: Counter,
}

impl Route {
    pub(crate) fn new(
        families: &Arc<Families>,
        clients: &Arc<Clients>,
        name: &str,
        hop: Hop,
    ) -> Self {
        let labels = RouteLabels { route: name.into(), hop };
        let own = &families.own;
        let active = |endpoint: Endpoint| {
            let labels = EndpointLabels { route: labels.clone(), endpoint: endpoint.as_str() };
            LateGauge::new(&families.requests.active, &labels)
        };
        let inner = Inner {
            models: Models::new(),
            names_stay: RwLock::default(),
            listings: Mutex::default(),
            watch: Mutex::default(),
            active: Endpoint::ALL.map(active),
            fine: LateCounter::new(
                &families.transport.responses,
                &CodeLabels { route: labels.clone(), code: 200 },
            ),
            responses: RwLock::default(),
            transport: TransportSeries::new(families, &labels),
            model_overflow: own.overflow.get_or_create(&MODEL_OVERFLOW),
            passthrough: own.passthrough.get_or_create(&labels),
            retries: own.retries.get_or_create(&labels),
            families: Arc::clone(families),
            clients: Arc::clone(clients),
            clients_seen: RwLock::default(),
            labels,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The configured name.
    pub fn name(&self) -> &str {
        &self.inner.labels.route
    }

    /// Where the route stands.
    pub fn hop(&self) -> Hop {
        self.inner.labels.hop
    }

    /// A request has come. Nothing is counted before [`Entry::identify`].
    pub fn begin(&self, endpoint: Endpoint) -> Entry {
        Entry::new(self.clone(), endpoint)
    }

    /// A request that runs no model went through.
    pub fn passthrough(&self) {
        self.inner.passthrough.inc();
    }

    /// A request is sent once more, or a connection for it is tried once more.
    pub fn retried(&self) {
        self.inner.retries.inc();
    }

    /// Takes model names that the upstream or discovery lists: at most 1,000 per route, of at most
    /// 256 bytes. Those that do not fit are counted in `weir_label_overflow_total`, each time.
    /// Names that are listed again and again, or of which no later list says that they are gone,
    /// are never forgotten.
    pub fn learn(&self, names: impl IntoIterator<Item = impl AsRef<str>>) {
        let mut names = names.into_iter().peekable();
        // A list of nothing says nothing: of a key without models, say.
        if names.peek().is_some() {
            let mut listings = self.inner.listings.lock();
            *listings += 1;
            self.add(names, ModelOrigin::Listed);
        }
    }

    /// Why a model name has a label of its own, if it has.
    pub fn model_origin(&self, name: &str) -> Option<ModelOrigin> {
        self.inner.models.origin(name)
    }

    /// The model names that have labels of their own, in alphabetical order.
    pub fn models(&self) -> Vec<(String, ModelOrigin)> {
        self.inner.models.all()
    }

    pub(crate) fn add(
        &self,
        names: impl IntoIterator<Item = impl AsRef<str>>,
        origin: ModelOrigin,
    ) {
        for name in names {
            let _name_stays = self.names_stay();
            match self.inner.models.add(name.as_ref(), origin) {
                Added::New(model) => self.start_at_zero(&model),
                Added::Known => {}
                Added::Refused => {
                    self.inner.model_overflow.inc();
                }
            }
        }
    }

    /// A request for an unknown model went well. If there is no room its name stays `other`, which
    /// was counted when the request came.
    pub(crate) fn earn(&self, name: &str) {
        let _name_stays = self.names_stay();
        if let Added::New(model) = self.inner.models.add(name, ModelOrigin::Earned) {
            self.start_at_zero(&model);
        }
    }

    /// Creates the outcomes of a model for every endpoint that it is likely to be asked by.
    fn start_at_zero(&self, model: &Model) {
        if self.inner.models.count() > MODELS_AT_ZERO {
            return;
        }
        for endpoint in LIKELY {
            self.series(endpoint, model);
        }
    }

    /// Until it is let go no series are taken out.
    pub(crate) fn names_stay(&self) -> RwLockReadGuard<'_, ()> {
        self.inner.names_stay.read()
    }

    /// The name of a request's model as the label has it: `other` for one without a label of its own,
    /// `unknown` for none. Nothing is counted.
    pub fn model_label(&self, model: Option<&str>) -> Arc<str> {
        let models = &self.inner.models;
        models.with(model, |known| Arc::clone(&known.unwrap_or(&models.other).label))
    }

    /// A request for that model begins. Returns its series, and whether the name has a label of its own.
    pub(crate) fn start(&self, endpoint: Endpoint, model: Option<&str>) -> (Arc<Series>, bool) {
        let Inner { models, model_overflow, .. } = &*self.inner;
        models.with(model, |known| {
            let model = known.unwrap_or_else(|| {
                model_overflow.inc();
                &models.other
            });
            let series = self.series(endpoint, model);
            // From here on the name is not forgotten.
            series.started.inc();
            series.active.inc();
            (Arc::clone(series), known.is_some())
        })
    }

    fn series<'a>(&self, endpoint: Endpoint, model: &'a Model) -> &'a Arc<Series> {
        model.series(endpoint, || {
            self.inner.active[endpoint as usize].get();
            let route = self.inner.labels.clone();
            let labels = EndpointLabels { route, endpoint: endpoint.as_str() };
            let labels = RequestLabels { endpoint: labels, model: Arc::clone(&model.label) };
            Series::new(&self.inner.families, labels)
        })
    }

    pub(crate) fn responded(&self, code: u16) {
        if code == 200 {
            self.inner.fine.get().inc();
            return;
        }
        if let Some(responses) = self.inner.responses.read().get(&code) {
            responses.inc();
            return;
        }
        let labels = CodeLabels { route: self.inner.labels.clone(), code };
        let responses = self.inner.families.transport.responses.get_or_create(&labels);
        responses.inc();
        self.inner.responses.write().insert(code, responses);
    }

    pub(crate) fn families(&self) -> &Families {
        &self.inner.families
    }

    pub(crate) fn clients(&self) -> &Clients {
        &self.inner.clients
    }

    /// The labels of a client's series, which are taken down for [`remove`](Self::remove).
    pub(crate) fn client(&self, client: &Client) -> ClientLabels {
        let client = self.inner.clients.label(client);
        if !self.inner.clients_seen.read().contains(&client) {
            self.inner.clients_seen.write().insert(Arc::clone(&client));
        }
        ClientLabels { route: Arc::clone(&self.inner.labels.route), client }
    }

    pub(crate) fn transport(&self) -> &TransportSeries {
        &self.inner.transport
    }

    pub(crate) fn active(&self) -> u64 {
        let gauges = self.inner.active.iter().filter_map(LateGauge::used);
        gauges.map(|gauge| u64::try_from(gauge.get()).unwrap_or(0)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_numbered_in_the_order_of_their_list() {
        for (index, endpoint) in Endpoint::ALL.into_iter().enumerate() {
            assert_eq!(endpoint as usize, index, "{endpoint}");
        }
    }
}
