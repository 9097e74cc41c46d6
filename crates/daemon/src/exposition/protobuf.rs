//! OpenMetrics text into the protocol buffers that Prometheus scrapes: `io.prometheus.client.MetricFamily`
//! of its `metrics.proto`, one after the other, each with its length before it. It is the only format that
//! has native histograms.
//!
//! The numbers of fields stand beside what writes them. Families are named as in text 0.0.4, which is what
//! Prometheus then calls their series; units have no place that all versions of it read.

mod histogram;
mod message;
mod sample;

use std::borrow::Cow;

use self::histogram::Histogram;
use self::message::Message;
use self::sample::{Exemplar, Labels, Sample, unescaped};
use super::line::{Line, family, lines};

/// Converts an OpenMetrics exposition, in which the samples of a histogram stand side by side.
///
/// A histogram may have, beside its classic buckets, a sample with native ones, which is named like the
/// family: `a{b="c"} {count:3,sum:1.5,schema:3,zero_threshold:1e-6,zero_count:1,positive_spans:[-9:2],positive_buckets:[1,1]}`,
/// as the draft of OpenMetrics 2.0 writes it.
pub fn to_protobuf(openmetrics: &str) -> Vec<u8> {
    let mut stream = Vec::with_capacity(openmetrics.len() / 2);
    let mut help = None;
    let mut open: Option<Family<'_>> = None;
    for line in lines(openmetrics) {
        match Line::of(line) {
            Line::Help { name, words } => help = Some((name, words)),
            Line::Type { name, kind } => {
                let help = help.take().filter(|(of, _)| *of == name).map(|(_, words)| words);
                let next = Family::new(family(name, kind), help.unwrap_or_default());
                if let Some(last) = open.replace(next) {
                    last.end(&mut stream);
                }
            }
            Line::Sample(line) => {
                if let (Some(sample), Some(open)) = (Sample::of(line), &mut open) {
                    open.add(sample);
                }
            }
            Line::Dropped => {}
        }
    }
    if let Some(last) = open {
        last.end(&mut stream);
    }
    stream
}

/// `MetricType`: what a family is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Counter = 0,
    Gauge = 1,
    Untyped = 3,
    Histogram = 4,
}

/// A family that is being read.
struct Family<'a> {
    name: Cow<'a, str>,
    kind: Kind,
    help: &'a str,
    metrics: Vec<Message>,
    histogram: Option<Histogram<'a>>,
}

impl<'a> Family<'a> {
    fn new((name, kind): (Cow<'a, str>, &str), help: &'a str) -> Self {
        let kind = match kind {
            "counter" => Kind::Counter,
            "gauge" => Kind::Gauge,
            "histogram" => Kind::Histogram,
            _ => Kind::Untyped,
        };
        Self { name, kind, help, metrics: Vec::new(), histogram: None }
    }

    /// Samples of other names (`_created`, the parts of a summary) have no place.
    fn add(&mut self, sample: Sample<'a>) {
        let Some(suffix) = sample.name.strip_prefix(&*self.name) else { return };
        match self.kind {
            Kind::Histogram => self.add_to_histogram(suffix, sample),
            kind if suffix.is_empty() => self.metrics.extend(single(kind, &sample)),
            _ => {}
        }
    }

    fn add_to_histogram(&mut self, suffix: &str, mut sample: Sample<'a>) {
        let mut labels = std::mem::take(&mut sample.labels);
        let le = labels.iter().position(|(name, _)| *name == "le").map(|at| labels.remove(at).1);
        let upper_edge = le.and_then(|edge| edge.parse().ok());
        match &mut self.histogram {
            Some(histogram) if histogram.has(&labels) => histogram.add(suffix, upper_edge, sample),
            _ => {
                self.end_histogram();
                let histogram = self.histogram.insert(Histogram::new(labels));
                histogram.add(suffix, upper_edge, sample);
            }
        }
    }

    fn end_histogram(&mut self) {
        self.metrics.extend(self.histogram.take().map(|histogram| histogram.message()));
    }

    /// `MetricFamily`: `name` 1, `help` 2, `type` 3, `metric` 4.
    fn end(mut self, stream: &mut Vec<u8>) {
        self.end_histogram();
        if self.metrics.is_empty() {
            return;
        }
        let mut message = Message::default();
        message.text(1, &self.name);
        message.text(2, &unescaped(self.help));
        message.unsigned(3, self.kind as u64);
        for metric in &self.metrics {
            message.message(4, metric);
        }
        message.delimited(stream);
    }
}

/// `Metric` with a `Gauge` (2), a `Counter` (3) or an `Untyped` (5), of each of which the `value` is 1 and
/// the counter's `exemplar` 2; `timestamp_ms` 6.
fn single(kind: Kind, sample: &Sample<'_>) -> Option<Message> {
    let mut value = Message::default();
    value.double(1, sample.number()?);
    let field = match kind {
        Kind::Counter => {
            if let Some(of) = &sample.exemplar {
                value.message(2, &exemplar(of));
            }
            3
        }
        Kind::Gauge => 2,
        Kind::Untyped | Kind::Histogram => 5,
    };
    let mut metric = metric(&sample.labels);
    metric.message(field, &value);
    if let Some(milliseconds) = sample.timestamp {
        metric.integer(6, milliseconds);
    }
    Some(metric)
}

/// `Metric`, of which there is no more yet than each `label` (1).
fn metric(labels: &Labels<'_>) -> Message {
    let mut metric = Message::default();
    push_labels(&mut metric, labels);
    metric
}

/// `LabelPair` as field 1: `name` 1, `value` 2.
fn push_labels(to: &mut Message, labels: &Labels<'_>) {
    for (name, value) in labels {
        let mut pair = Message::default();
        pair.text(1, name);
        pair.text(2, value);
        to.message(1, &pair);
    }
}

/// `Exemplar`: each `label` 1, `value` 2, `timestamp` 3 (`google.protobuf.Timestamp`: `seconds` 1, `nanos`
/// 2).
fn exemplar(of: &Exemplar<'_>) -> Message {
    let mut exemplar = Message::default();
    push_labels(&mut exemplar, &of.labels);
    exemplar.double(2, of.value);
    if let Some(at) = of.timestamp {
        let mut timestamp = Message::default();
        timestamp.integer(1, at.floor() as i64);
        timestamp.unsigned(2, ((at - at.floor()) * 1e9) as u64);
        exemplar.message(3, &timestamp);
    }
    exemplar
}

#[cfg(test)]
mod tests;
