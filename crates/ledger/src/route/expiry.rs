//! Forgetting the names of a route that nobody asks for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use weir_wire::Endpoint;

use super::Route;
use crate::forget;
use crate::idle::Traffic;

impl Route {
    /// Forgets what has been idle for `idle`; returns how many names are gone.
    pub(crate) fn expire(&self, now: Instant, idle: Duration) -> usize {
        let mut watch = self.inner.watch.lock();
        let (listings, idlers) = {
            // Between two listings, not within one.
            let listings = self.inner.listings.lock();
            (*listings, self.inner.models.idlers())
        };
        let with_traffic = idlers.into_iter().map(|idler| {
            let traffic = self.traffic(&idler.name);
            (idler, traffic)
        });
        let idle = watch.look(now, idle, listings, with_traffic.collect());
        if idle.is_empty() {
            return 0;
        }
        // One by one: requests that want a name wait for no more than one to go.
        let gone = |(name, traffic): &&(Arc<str>, Traffic)| {
            let _alone = self.inner.names_stay.write();
            self.forget(name, *traffic)
        };
        idle.iter().filter(gone).count()
    }

    /// The requests for a model, over all endpoints.
    fn traffic(&self, model: &Arc<str>) -> Traffic {
        let all = self.inner.series.read();
        let series = Endpoint::ALL.iter().filter_map(|it| all.get(&(*it, Arc::clone(model))));
        series
            .map(|series| series.traffic())
            .fold((0, 0), |sum, (begun, ended)| (sum.0 + begun, sum.1 + ended))
    }

    /// Forgets a name, unless it has had other traffic than `traffic`, all of which has ended. Call
    /// it while no name can be looked up: nobody writes to its series then, since the count of the
    /// end is the last that a request writes.
    fn forget(&self, model: &Arc<str>, traffic: Traffic) -> bool {
        if self.traffic(model) != traffic || !self.inner.models.forget(model) {
            return false;
        }
        let mut all = self.inner.series.write();
        let keys = Endpoint::ALL.map(|endpoint| (endpoint, Arc::clone(model)));
        let series: Vec<_> = keys.iter().filter_map(|key| all.remove(key)).collect();
        forget::model(&self.inner.families, &series);
        true
    }
}
