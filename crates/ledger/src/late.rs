//! A series that exists from its first use: what is unknown is absent from the exposition, not 0.

use std::hash::Hash;
use std::sync::OnceLock;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::buckets::Edges;

/// A counter that appears when it is first counted.
pub(crate) type LateCounter<L> = Late<L, Counter>;
/// A gauge that appears when it is first set.
pub(crate) type LateGauge<L> = Late<L, Gauge>;
/// A histogram that appears with its first observation.
pub(crate) type LateHistogram<L> = Late<L, Histogram, Edges>;

/// A member of a family, resolved on first use; after that there is no look-up and no lock.
pub(crate) struct Late<L, M, C = fn() -> M> {
    family: Family<L, M, C>,
    labels: L,
    series: OnceLock<M>,
}

impl<L, M, C> Late<L, M, C>
where
    L: Clone + Hash + Eq,
    M: Clone,
    C: Clone + MetricConstructor<M>,
{
    pub(crate) fn new(family: &Family<L, M, C>, labels: &L) -> Self {
        Self { family: family.clone(), labels: labels.clone(), series: OnceLock::new() }
    }

    /// The series, which exists from now on.
    pub(crate) fn get(&self) -> &M {
        self.series.get_or_init(|| self.family.get_or_create_owned(&self.labels))
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
