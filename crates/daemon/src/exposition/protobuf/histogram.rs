//! Histograms: the samples of one become one message.

use super::message::Message;
use super::sample::{Exemplar, Labels, Sample};
use super::{exemplar, metric};

/// A histogram of which not all samples have come yet.
#[derive(Debug)]
pub(super) struct Histogram<'a> {
    /// Those that all its samples have.
    labels: Labels<'a>,
    count: u64,
    sum: f64,
    buckets: Vec<Bucket<'a>>,
    /// Between braces.
    native: Option<&'a str>,
}

#[derive(Debug)]
struct Bucket<'a> {
    upper_edge: f64,
    count: u64,
    exemplar: Option<Exemplar<'a>>,
}

impl<'a> Histogram<'a> {
    pub(super) fn new(labels: Labels<'a>) -> Self {
        Self { labels, count: 0, sum: 0.0, buckets: Vec::new(), native: None }
    }

    /// Whether a sample with these labels, but for `le`, belongs to it.
    pub(super) fn has(&self, labels: &Labels<'a>) -> bool {
        self.labels == *labels
    }

    /// Takes a sample, which was named like the family and `suffix`.
    pub(super) fn add(&mut self, suffix: &str, upper_edge: Option<f64>, sample: Sample<'a>) {
        let number = sample.number();
        match (suffix, number, upper_edge) {
            ("_sum", Some(sum), _) => self.sum = sum,
            // Exact up to 2^53, as in Prometheus.
            ("_count", Some(count), _) => self.count = count as u64,
            ("_bucket", Some(count), Some(upper_edge)) => self.buckets.push(Bucket {
                upper_edge,
                count: count as u64,
                exemplar: sample.exemplar,
            }),
            ("", None, _) => self.native = Some(sample.value),
            _ => {}
        }
    }

    /// `Metric` with a `Histogram` (7): `sample_count` 1, `sample_sum` 2, `bucket` 3.
    pub(super) fn message(&self) -> Message {
        let mut histogram = Message::default();
        histogram.unsigned(1, self.count);
        histogram.double(2, self.sum);
        for bucket in &self.buckets {
            histogram.message(3, &bucket.message());
        }
        if let Some(native) = self.native {
            push_native(&mut histogram, native);
        }
        let mut metric = metric(&self.labels);
        metric.message(7, &histogram);
        metric
    }
}

impl Bucket<'_> {
    /// `Bucket`: `cumulative_count` 1, `upper_bound` 2, `exemplar` 3.
    fn message(&self) -> Message {
        let mut bucket = Message::default();
        bucket.unsigned(1, self.count);
        bucket.double(2, self.upper_edge);
        if let Some(of) = &self.exemplar {
            bucket.message(3, &exemplar(of));
        }
        bucket
    }
}

/// `schema` 5, `zero_threshold` 6, `zero_count` 7, `positive_span` 12 (a `BucketSpan`: `offset` 1, `length`
/// 2), `positive_delta` 13, each count less the one before it.
fn push_native(histogram: &mut Message, native: &str) {
    for (name, value) in members(native) {
        match name {
            "schema" => histogram.signed(5, value.parse().unwrap_or_default()),
            "zero_threshold" => histogram.double(6, value.parse().unwrap_or_default()),
            "zero_count" => histogram.unsigned(7, value.parse().unwrap_or_default()),
            "positive_spans" => {
                for (offset, length) in list(value).filter_map(|span| span.split_once(':')) {
                    let mut span = Message::default();
                    span.signed(1, offset.parse().unwrap_or_default());
                    span.unsigned(2, length.parse().unwrap_or_default());
                    histogram.message(12, &span);
                }
            }
            "positive_buckets" => {
                let mut before = 0;
                let counts = list(value).filter_map(|count| count.parse::<i64>().ok());
                histogram.signed_list(
                    13,
                    counts.map(|count| count - std::mem::replace(&mut before, count)),
                );
            }
            _ => {}
        }
    }
}

/// The values of a list between brackets.
fn list(value: &str) -> impl Iterator<Item = &str> {
    value.trim_matches(['[', ']']).split(',')
}

/// Names and values: numbers, or lists between brackets.
fn members(native: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = native.trim_start_matches('{').trim_end_matches('}');
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once(':')?;
        let end = match after.starts_with('[') {
            true => after.find(']').map(|at| at + 1),
            false => after.find(','),
        };
        let (value, others) = after.split_at(end.unwrap_or(after.len()));
        rest = others.trim_start_matches(',');
        Some((name, value))
    })
}
