//! Forgetting the names of a route that nobody asks for.

use std::sync::Arc;
use std::time::{Duration, Instant};

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
        let idle = watch.look(now, idle, listings, idlers);
        if idle.is_empty() {
            return 0;
        }
        // One by one: nobody waits for more than one to go.
        let gone = |(name, traffic): &&(Arc<str>, Traffic)| {
            let _alone = self.inner.names_stay.write();
            self.forget(name, *traffic)
        };
        idle.iter().filter(gone).count()
    }

    /// Forgets a name, unless it has had other traffic than `traffic`, all of which has ended: nobody writes
    /// to its series then, since the count of the end is the last that a request writes.
    fn forget(&self, name: &str, traffic: Traffic) -> bool {
        let Some(model) = self.inner.models.forget(name, traffic) else { return false };
        if !self.inner.models.stays(&model) {
            forget::model(&self.inner.families, &model);
        }
        true
    }
}
