//! One value of the `model` label of a route, with its series.

use std::sync::{Arc, OnceLock};

use weir_wire::Endpoint;

use crate::idle::Traffic;
use crate::series::Series;

/// A model of one route.
pub(crate) struct Model {
    pub(crate) label: Arc<str>,
    /// By endpoint; made when they are first needed.
    series: [OnceLock<Arc<Series>>; Endpoint::ALL.len()],
}

impl Model {
    pub(crate) fn new(label: &str) -> Self {
        Self { label: label.into(), series: Default::default() }
    }

    /// The series of an endpoint, which exist from now on.
    pub(crate) fn series(&self, endpoint: Endpoint, new: impl FnOnce() -> Series) -> &Arc<Series> {
        self.series[endpoint as usize].get_or_init(|| Arc::new(new()))
    }

    /// Whether these are its series of that endpoint.
    pub(crate) fn has(&self, endpoint: Endpoint, series: &Arc<Series>) -> bool {
        self.series[endpoint as usize].get().is_some_and(|own| Arc::ptr_eq(own, series))
    }

    /// The series of all endpoints that have some.
    pub(crate) fn all_series(&self) -> impl Iterator<Item = &Arc<Series>> {
        self.series.iter().filter_map(OnceLock::get)
    }

    /// Its requests, over all endpoints.
    pub(crate) fn traffic(&self) -> Traffic {
        let each = self.all_series().map(|series| series.traffic());
        each.fold((0, 0), |sum, (begun, ended)| (sum.0 + begun, sum.1 + ended))
    }
}
