//! What a metric is.

use prometheus::proto::MetricType;

/// A metric: its name in text format 0.0.4, what kind it is, and what it means. The name ends in the
/// unit.
#[derive(Debug)]
pub struct Metric {
    pub(crate) name: &'static str,
    pub(crate) kind: MetricType,
    pub(crate) help: &'static str,
}

impl Metric {
    /// Goes up and down.
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: MetricType::GAUGE, help }
    }

    /// Only goes up, but for a reset of whoever counts; named `…_total`.
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: MetricType::COUNTER, help }
    }

    /// Counts of observations by size.
    pub const fn histogram(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: MetricType::HISTOGRAM, help }
    }

    /// Its name in text format 0.0.4.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// A label and its value.
pub type Label<'a> = (&'static str, &'a str);
