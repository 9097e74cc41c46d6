//! A series that exists from its first use: what is unknown is absent from the exposition, not 0.

use std::hash::Hash;
use std::sync::OnceLock;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::buckets::Edges;
use crate::latencies::Latencies;
use crate::latency::Latency;
use crate::registrar::Labels;

/// A counter that appears when it is first counted.
pub(crate) type LateCounter<L> = Late<L, Family<L, Counter>>;
/// A gauge that appears when it is first set.
pub(crate) type LateGauge<L> = Late<L, Family<L, Gauge>>;
/// A histogram that appears with its first observation.
pub(crate) type LateHistogram<L> = Late<L, Family<L, Histogram, Edges>>;
/// A histogram of times that appears with its first observation.
pub(crate) type LateLatency<L> = Late<L, Latencies<L>>;

/// A member of a family, resolved on first use; after that there is no look-up and no lock.
pub(crate) struct Late<L, F: Members<L>> {
    family: F,
    labels: L,
    series: OnceLock<F::Member>,
}

impl<L: Clone, F: Members<L>> Late<L, F> {
    pub(crate) fn new(family: &F, labels: &L) -> Self {
        Self { family: family.clone(), labels: labels.clone(), series: OnceLock::new() }
    }

    /// The series, which exists from now on.
    pub(crate) fn get(&self) -> &F::Member {
        self.series.get_or_init(|| self.family.member(&self.labels))
    }

    /// Takes the series out of its family; nobody may hold this handle then.
    pub(crate) fn remove(&self) {
        self.family.take_out(&self.labels);
    }

    /// The series, if this handle has used it.
    pub(crate) fn used(&self) -> Option<&F::Member> {
        self.series.get()
    }
}

/// A family, as far as its members come and go.
pub(crate) trait Members<L>: Clone {
    type Member;

    /// The member with these labels, which exists from now on.
    fn member(&self, labels: &L) -> Self::Member;
    fn take_out(&self, labels: &L);
}

impl<L, M, C> Members<L> for Family<L, M, C>
where
    L: Clone + Hash + Eq,
    M: Clone,
    C: Clone + MetricConstructor<M>,
{
    type Member = M;

    fn member(&self, labels: &L) -> M {
        self.get_or_create_owned(labels)
    }

    fn take_out(&self, labels: &L) {
        self.remove(labels);
    }
}

impl<L: Labels> Members<L> for Latencies<L> {
    type Member = Latency;

    fn member(&self, labels: &L) -> Latency {
        self.get_or_create(labels)
    }

    fn take_out(&self, labels: &L) {
        self.remove(labels);
    }
}
