//! What a family may consist of, and how its samples are written.

use std::fmt::{Debug, Write};
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// Whether native buckets are written, which text 1.0.0 does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// OpenMetrics 1.0.0.
    Classic,
    /// And a line as the draft of OpenMetrics 2.0 has it, with all native buckets of a series.
    Native,
}

/// A kind of series. Clones are the same series.
pub(crate) trait Metric: Clone + Send + Sync + 'static {
    /// What the series of a family have in common.
    type Form: Send + Sync;

    /// As the exposition has it.
    const KIND: &'static str;

    fn new(form: &Self::Form) -> Self;

    /// Its lines of OpenMetrics text.
    fn write(&self, form: &Self::Form, sample: Sample<'_>, detail: Detail, text: &mut String);
}

/// Name and printed labels of a series.
#[derive(Clone, Copy)]
pub(crate) struct Sample<'a> {
    pub(crate) name: &'a str,
    pub(crate) labels: &'a str,
}

impl Sample<'_> {
    /// A line with a number, as Rust prints it: `1.0`, `1e-7`.
    pub(crate) fn write(self, suffix: &str, value: impl Debug, text: &mut String) {
        let Self { name, labels } = self;
        let braces = if labels.is_empty() { ["", ""] } else { ["{", "}"] };
        text.extend([name, suffix, braces[0], labels, braces[1], " "]);
        // Writing to a String does not fail.
        let _infallible = writeln!(text, "{value:?}");
    }
}

macro_rules! number {
    ($metric:ty, $kind:literal) => {
        impl Metric for $metric {
            type Form = ();
            const KIND: &'static str = $kind;

            fn new((): &()) -> Self {
                Self::default()
            }

            fn write(&self, (): &(), sample: Sample<'_>, _: Detail, text: &mut String) {
                sample.write("", self.get(), text);
            }
        }
    };
}

number!(Counter, "counter");
number!(Counter<f64, AtomicU64>, "counter");
number!(Gauge, "gauge");
number!(Gauge<f64, AtomicU64>, "gauge");
