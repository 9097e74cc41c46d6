//! Samples on their way into metric families of the `prometheus` crate.

use std::collections::BTreeMap;

use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric as Sample, MetricFamily, MetricType,
};

use crate::metric::{Label, Metric};
use crate::openmetrics;
use crate::value::Value;

/// Families that fill up; those without a sample are not there.
#[derive(Debug, Default)]
pub struct Families(BTreeMap<&'static str, MetricFamily>);

/// A histogram as somebody else has counted it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Upper edges, ascending, the last one infinite, and how many observations lie at or below each.
    pub buckets: Vec<(f64, u64)>,
    /// Of all observations.
    pub sum: f64,
    /// How many observations there are.
    pub count: u64,
}

impl Families {
    /// A sample, unless its value is not known.
    pub fn add(&mut self, metric: &Metric, labels: &[Label<'_>], value: impl Value) {
        let Some(value) = value.number() else { return };
        let mut sample = sample(labels);
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
        self.push(metric, sample);
    }

    /// A histogram.
    pub fn add_histogram(&mut self, metric: &Metric, labels: &[Label<'_>], observed: &Observed) {
        let mut histogram = Histogram::default();
        let buckets = observed.buckets.iter().map(|&(edge, count)| {
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(edge);
            bucket.set_cumulative_count(count);
            bucket
        });
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_sum(observed.sum);
        histogram.set_sample_count(observed.count);
        let mut sample = sample(labels);
        sample.set_histogram(histogram);
        self.push(metric, sample);
    }

    /// All that have a sample, by name, as OpenMetrics text without `# EOF`.
    pub fn openmetrics(self) -> String {
        let families: Vec<_> = self.0.into_values().collect();
        openmetrics::encode(&families)
    }

    fn push(&mut self, metric: &Metric, sample: Sample) {
        let family = self.0.entry(metric.name).or_insert_with(|| family(metric));
        family.mut_metric().push(sample);
    }
}

fn sample(labels: &[Label<'_>]) -> Sample {
    Sample::from_label(labels.iter().map(pair).collect())
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
