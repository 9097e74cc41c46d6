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
        if self.route.inner.models.have(self.endpoint, &self.series) {
            self.route.families().hops.write(&self.series.model_labels(), crossing);
        }
    }
}
