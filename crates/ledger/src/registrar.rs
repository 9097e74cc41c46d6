//! Registering: all families there are, and their names.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use crate::buckets::Edges;
use crate::classic::Form;
use crate::family::{Family, Written};
use crate::histogram::Histogram;
use crate::labels::{Labels, NoLabels};
use crate::latency::Latency;
use crate::metric::Metric;

/// All that was registered.
///
/// Names are given in full (`llm_request_duration_seconds`, `llm_requests_total`), so that a search
/// finds them; the unit is what a name ends in.
#[derive(Default)]
pub(crate) struct Registrar {
    pub(crate) names: Vec<&'static str>,
    pub(crate) families: Vec<Box<dyn Written>>,
}

impl Registrar {
    pub(crate) fn counter<L: Labels>(
        &mut self,
        name: &'static str,
        help: &'static str,
    ) -> Family<L, Counter> {
        self.add(name, help, ())
    }

    /// A counter of fractions: seconds, or US dollars.
    pub(crate) fn fraction_counter<L: Labels>(
        &mut self,
        name: &'static str,
        help: &'static str,
    ) -> Family<L, Counter<f64, AtomicU64>> {
        self.add(name, help, ())
    }

    pub(crate) fn gauge<L: Labels>(
        &mut self,
        name: &'static str,
        help: &'static str,
    ) -> Family<L, Gauge> {
        self.add(name, help, ())
    }

    /// A gauge of fractions.
    pub(crate) fn seconds_gauge<L: Labels>(
        &mut self,
        name: &'static str,
        help: &'static str,
    ) -> Family<L, Gauge<f64, AtomicU64>> {
        self.add(name, help, ())
    }

    /// A gauge without labels, which is there from the start.
    pub(crate) fn single_gauge(&mut self, name: &'static str, help: &'static str) -> Gauge {
        self.gauge(name, help).get_or_create(&NoLabels {})
    }

    pub(crate) fn histogram<L: Labels>(
        &mut self,
        name: &'static str,
        help: &'static str,
        edges: &'static Edges,
    ) -> Family<L, Histogram> {
        self.add(name, help, Form::new(edges))
    }

    /// A histogram of times, whose name ends in `_seconds`, with exemplars and native buckets.
    pub(crate) fn latency<L: Labels>(
        &mut self,
        name: &'static str,
        help: &'static str,
        edges: &'static Edges,
    ) -> Family<L, Latency> {
        self.add(name, help, Form::new(edges))
    }

    fn add<L: Labels, M: Metric>(
        &mut self,
        name: &'static str,
        help: &'static str,
        form: M::Form,
    ) -> Family<L, M> {
        let family = Family::new(name, help, form);
        self.names.push(name);
        self.families.push(Box::new(family.clone()));
        family
    }
}
