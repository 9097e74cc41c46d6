//! Samples on their way into metric families of the `prometheus` crate.

use std::collections::BTreeMap;

use prometheus::proto::{Counter, Gauge, LabelPair, Metric as Sample, MetricFamily, MetricType};

use super::value::Value;
use crate::snapshot::Identity;

/// A metric: its name in text format 0.0.4, what kind it is, and what it means. The name ends in the
/// unit.
#[derive(Debug)]
pub(super) struct Metric {
    name: &'static str,
    kind: MetricType,
    help: &'static str,
}

impl Metric {
    /// Goes up and down.
    pub(super) const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: MetricType::GAUGE, help }
    }

    /// Only goes up, but for a reset of whoever counts; named `…_total`.
    pub(super) const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: MetricType::COUNTER, help }
    }
}

/// A label and its value.
pub(super) type Label<'a> = (&'static str, &'a str);

/// Families that fill up; those without a sample are not there.
#[derive(Debug, Default)]
pub(super) struct Families(BTreeMap<&'static str, MetricFamily>);

impl Families {
    /// A sample, unless its value is not known.
    pub(super) fn add(&mut self, metric: &Metric, labels: &[Label<'_>], value: impl Value) {
        let Some(value) = value.number() else { return };
        let mut sample = Sample::from_label(labels.iter().map(pair).collect());
        match metric.kind {
            MetricType::COUNTER => {
                let mut counter = Counter::default();
                counter.set_value(value);
                sample.set_counter(counter);
            }
            _ => {
                let mut gauge = Gauge::default();
                gauge.set_value(value);
                sample.set_gauge(gauge);
            }
        }
        let family = self.0.entry(metric.name).or_insert_with(|| family(metric));
        family.mut_metric().push(sample);
    }

    /// Samples of this GPU.
    pub(super) fn of<'a>(&'a mut self, gpu: &'a Identity) -> OfGpu<'a> {
        OfGpu { families: self, uuid: &gpu.uuid, index: gpu.index.to_string() }
    }

    /// All that have a sample, by name.
    pub(super) fn finish(self) -> Vec<MetricFamily> {
        self.0.into_values().collect()
    }
}

/// Adds samples with the labels of a GPU.
#[derive(Debug)]
pub(super) struct OfGpu<'a> {
    families: &'a mut Families,
    uuid: &'a str,
    index: String,
}

impl OfGpu<'_> {
    /// A sample, unless its value is not known.
    pub(super) fn add(&mut self, metric: &Metric, value: impl Value) {
        self.add_with(metric, &[], value);
    }

    /// The same with more labels.
    pub(super) fn add_with(&mut self, metric: &Metric, labels: &[Label<'_>], value: impl Value) {
        let mut all = vec![("uuid", self.uuid), ("gpu", self.index.as_str())];
        all.extend_from_slice(labels);
        self.families.add(metric, &all, value);
    }
}

fn family(metric: &Metric) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(metric.name.to_owned());
    family.set_help(metric.help.to_owned());
    family.set_field_type(metric.kind);
    family
}

fn pair((name, value): &Label<'_>) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name((*name).to_owned());
    pair.set_value((*value).to_owned());
    pair
}
