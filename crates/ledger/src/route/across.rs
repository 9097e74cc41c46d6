//! A request whose crossing to the other hop may be known only after its end.

use std::sync::Arc;

use super::Route;
use crate::Crossing;
use crate::series::Series;
use weir_wire::Endpoint;

/// Where the crossing of a request is written. It keeps the route, not the name of the model.
pub struct Across {
    route: Route,
    endpoint: Endpoint,
    series: Arc<Series>,
}

impl Across {
    pub(crate) fn new(route: Route, endpoint: Endpoint, series: Arc<Series>) -> Self {
        Self { route, endpoint, series }
    }

    /// Writes it, unless the model has been forgotten in the meantime.
    pub fn write(self, crossing: &Crossing) {
        let _name_stays = self.route.names_stay();
        let of = self.series.model_labels();
        let key = (self.endpoint, Arc::clone(&of.model));
        let is_known = {
            let all = self.route.inner.series.read();
            all.get(&key).is_some_and(|series| Arc::ptr_eq(series, &self.series))
        };
        if is_known {
            self.route.families().hops.write(&of, crossing);
        }
    }
}
