//! Taking a route out with every series of it, when it is gone for good.

use std::sync::Arc;

use super::{Inner, Route};
use crate::forget;
use crate::labels::{ClientLabels, ClientTokenLabels, CodeLabels};

impl Route {
    /// Whether nobody but the ledger has it: nobody writes to its series then.
    pub(crate) fn is_unused(&self) -> bool {
        Arc::strong_count(&self.inner) == 1
    }

    /// Takes every series out of its family; nobody may have the route any more. Clients are counted
    /// by its name alone: with a namesake at another hop, theirs stay.
    pub(crate) fn remove(self, has_namesake: bool) {
        let Inner { families, labels, models, active, fine, responses, transport, .. } =
            &*self.inner;
        for model in models.each() {
            forget::model(families, &model);
        }
        for gauge in active {
            gauge.remove();
        }
        fine.remove();
        for code in responses.read().keys() {
            families.transport.responses.remove(&CodeLabels { route: labels.clone(), code: *code });
        }
        transport.remove(families, labels);
        families.own.passthrough.remove(labels);
        families.own.retries.remove(labels);
        if !has_namesake {
            self.remove_clients();
        }
    }

    fn remove_clients(&self) {
        let families = &self.inner.families.clients;
        for client in self.inner.clients_seen.write().drain() {
            let client = ClientLabels { route: Arc::clone(&self.inner.labels.route), client };
            families.requests.remove(&client);
            for kind in ["input", "output"] {
                families.tokens.remove(&ClientTokenLabels { client: client.clone(), kind });
            }
        }
    }
}
