//! Registering: turns a name as it is exposed into what the registry wants to hear.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};

use crate::buckets::Edges;
use crate::latencies::{Latencies, Written};

/// What a family's labels must be able to do.
pub(crate) trait Labels:
    Clone + Debug + Eq + Hash + EncodeLabelSet + Send + Sync + 'static
{
}

impl<T: Clone + Debug + Eq + Hash + EncodeLabelSet + Send + Sync + 'static> Labels for T {}

/// A registry, and the names of all that was registered.
///
/// Names are given in full (`llm_request_duration_seconds`, `llm_requests_total`), so that a search
/// finds them; the unit and the `_total` that the encoder adds itself are taken off here.
#[derive(Default)]
pub(crate) struct Registrar {
    pub(crate) registry: Registry,
    pub(crate) names: Vec<&'static str>,
    /// Those that the registry can't write.
    pub(crate) latencies: Vec<Box<dyn Written>>,
}

impl Registrar {
    pub(crate) fn counter<L: Labels>(
        &mut self,
        name: &'static str,
        help: &str,
    ) -> Family<L, Counter> {
        self.add(name, help, Family::default())
    }

    /// A counter of fractions.
    pub(crate) fn seconds_counter<L: Labels>(
        &mut self,
        name: &'static str,
        help: &str,
    ) -> Family<L, Counter<f64, AtomicU64>> {
        self.add(name, help, Family::default())
    }

    /// A counter of US dollars and parts of them.
    pub(crate) fn dollar_counter<L: Labels>(
        &mut self,
        name: &'static str,
        help: &str,
    ) -> Family<L, Counter<f64, AtomicU64>> {
        self.add(name, help, Family::default())
    }

    pub(crate) fn gauge<L: Labels>(&mut self, name: &'static str, help: &str) -> Family<L, Gauge> {
        self.add(name, help, Family::default())
    }

    /// A gauge of fractions.
    pub(crate) fn seconds_gauge<L: Labels>(
        &mut self,
        name: &'static str,
        help: &str,
    ) -> Family<L, Gauge<f64, AtomicU64>> {
        self.add(name, help, Family::default())
    }

    /// A gauge without labels, which is there from the start.
    pub(crate) fn single_gauge(&mut self, name: &'static str, help: &str) -> Gauge {
        self.add(name, help, Gauge::default())
    }

    pub(crate) fn histogram<L: Labels>(
        &mut self,
        name: &'static str,
        help: &str,
        edges: Edges,
    ) -> Family<L, Histogram, Edges> {
        self.add(name, help, Family::new_with_constructor(edges))
    }

    /// A histogram of times, whose name ends in `_seconds`, with exemplars and native buckets.
    pub(crate) fn latency<L: Labels>(
        &mut self,
        name: &'static str,
        help: &str,
        edges: Edges,
    ) -> Latencies<L> {
        let family = Latencies::new(name, help, edges);
        self.names.push(name);
        self.latencies.push(Box::new(family.clone()));
        family
    }

    fn add<M: Metric + Clone>(&mut self, name: &'static str, help: &str, metric: M) -> M {
        self.names.push(name);
        let base = name.strip_suffix("_total").unwrap_or(name);
        if let Some(base) = base.strip_suffix("_seconds") {
            self.registry.register_with_unit(base, help, Unit::Seconds, metric.clone());
        } else if let Some(base) = base.strip_suffix("_bytes") {
            self.registry.register_with_unit(base, help, Unit::Bytes, metric.clone());
        } else {
            self.registry.register(base, help, metric.clone());
        }
        metric
    }
}
