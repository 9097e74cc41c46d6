//! A series that exists from its first use: what is unknown is absent from the exposition, not 0.

use std::sync::OnceLock;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use crate::family::Family;
use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::latency::Latency;
use crate::metric::Metric;

/// A counter that appears when it is first counted.
pub(crate) type LateCounter<L> = Late<L, Counter>;
/// A gauge that appears when it is first set.
pub(crate) type LateGauge<L> = Late<L, Gauge>;
/// A histogram that appears with its first observation.
pub(crate) type LateHistogram<L> = Late<L, Histogram>;
/// A histogram of times that appears with its first observation.
pub(crate) type LateLatency<L> = Late<L, Latency>;

/// A member of a family, resolved on first use; after that there is no look-up and no lock.
pub(crate) struct Late<L, M: Metric> {
    family: Family<L, M>,
    labels: L,
    series: OnceLock<M>,
}

impl<L: Labels, M: Metric> Late<L, M> {
    pub(crate) fn new(family: &Family<L, M>, labels: &L) -> Self {
        Self { family: family.clone(), labels: labels.clone(), series: OnceLock::new() }
    }

    /// The series, which exists from now on.
    pub(crate) fn get(&self) -> &M {
        self.series.get_or_init(|| self.family.get_or_create(&self.labels))
    }

    /// Takes the series out of its family; nobody may hold this handle then.
    pub(crate) fn remove(&self) {
        self.family.remove(&self.labels);
    }

    /// The series, if this handle has used it.
    pub(crate) fn used(&self) -> Option<&M> {
        self.series.get()
    }
}
