//! A page in the making, as one of two libraries writes it.

use std::fmt::Write;

use crate::engine_metrics::histogram::Histogram;

/// Who writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Python's `prometheus_client`: text 0.0.4, labels by name, every number a float.
    Python,
    /// Rust's `prometheus-client`: OpenMetrics, labels as declared, counts as whole numbers.
    Rust,
}

pub(super) type Label<'a> = (&'a str, &'a str);

pub(super) struct Page {
    out: String,
    style: Style,
    /// The labels of every series.
    labels: Vec<(String, String)>,
    /// The moment for `_created` series, in versions that have them.
    created: Option<u64>,
}

impl Page {
    // Writing to a `String` cannot fail, hence the `let _`.

    pub(super) fn new(style: Style, labels: &[Label<'_>], created: Option<u64>) -> Self {
        let owned = |(name, value): &Label<'_>| ((*name).to_owned(), (*value).to_owned());
        let labels = labels.iter().map(owned).collect();
        Self { out: String::new(), style, labels, created }
    }

    pub(super) fn end(mut self) -> String {
        if self.style == Style::Rust {
            self.out.push_str("# EOF\n");
        }
        self.out
    }

    pub(super) fn style(&self) -> Style {
        self.style
    }

    pub(super) fn head(&mut self, name: &str, help: &str, kind: &str) {
        let name = match self.style {
            Style::Rust if kind == "counter" => name.trim_end_matches("_total"),
            _ => name,
        };
        let _ = writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A series of the head above it.
    pub(super) fn series(&mut self, name: &str, more: &[Label<'_>], value: f64) {
        let text = match self.style {
            Style::Rust if value.fract() == 0.0 => format!("{value}"),
            _ => number(value),
        };
        self.write(name, more, &text);
    }

    /// The same, with a fraction in either style.
    fn float(&mut self, name: &str, value: f64) {
        self.write(name, &[], &number(value));
    }

    fn write(&mut self, name: &str, more: &[Label<'_>], value: &str) {
        let own = std::mem::take(&mut self.labels);
        let labels = own.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut labels: Vec<Label<'_>> = labels.chain(more.iter().copied()).collect();
        if self.style == Style::Python {
            labels.sort_unstable();
        }
        self.line(name, &labels, value);
        self.labels = own;
    }

    /// A series of the whole server, not of one engine in it.
    pub(super) fn without_engine(&mut self, name: &str, more: &[Label<'_>], value: f64) {
        let own = self.labels.clone();
        self.labels.retain(|(name, _)| name != "engine");
        self.series(name, more, value);
        self.labels = own;
    }

    /// A series without the labels of every series.
    pub(super) fn bare(&mut self, name: &str, labels: &[Label<'_>], value: f64) {
        self.line(name, labels, &number(value));
    }

    fn line(&mut self, name: &str, labels: &[Label<'_>], value: &str) {
        let pair = |(name, value): &Label<'_>| format!("{name}=\"{}\"", escaped(value));
        let labels: Vec<String> = labels.iter().map(pair).collect();
        let _ = match labels.is_empty() {
            true => writeln!(self.out, "{name} {value}"),
            false => writeln!(self.out, "{name}{{{}}} {value}", labels.join(",")),
        };
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, help, "gauge");
        self.series(name, &[], value);
    }

    /// A gauge that is not a count.
    pub(super) fn ratio(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, help, "gauge");
        self.float(name, value);
    }

    pub(super) fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, help, "counter");
        self.series(name, &[], value);
        self.created(name.trim_end_matches("_total"), help);
    }

    fn created(&mut self, name: &str, help: &str) {
        if let Some(created) = self.created {
            self.gauge(&format!("{name}_created"), help, created as f64);
        }
    }

    pub(super) fn histogram(&mut self, name: &str, histogram: &Histogram) {
        let help = format!("Histogram of {}.", name.trim_start_matches("vllm:").replace('_', " "));
        self.head(name, &help, "histogram");
        if self.style == Style::Rust {
            self.float(&format!("{name}_sum"), histogram.sum());
            self.series(&format!("{name}_count"), &[], histogram.count() as f64);
        }
        for (edge, count) in histogram.cumulative() {
            self.series(&format!("{name}_bucket"), &[("le", &number(edge))], count as f64);
        }
        if self.style == Style::Python {
            self.series(&format!("{name}_count"), &[], histogram.count() as f64);
            self.float(&format!("{name}_sum"), histogram.sum());
        }
        self.created(name, &help);
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// A number as Python writes it: always with a decimal point.
fn number(value: f64) -> String {
    if value.is_infinite() { "+Inf".to_owned() } else { format!("{value:?}") }
}
