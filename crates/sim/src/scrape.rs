//! Reading an exposition: samples, and questions about them.

mod histogram;
mod parse;

use std::collections::{BTreeSet, HashMap};

pub use histogram::Histogram;
pub use parse::ScrapeError;

/// A scraped exposition in Prometheus text 0.0.4 or OpenMetrics 1.0.
///
/// ```
/// use weir_sim::Scrape;
///
/// let scrape = Scrape::parse("a_total{x=\"1\"} 2\na_total{x=\"2\"} 3\n")?;
/// assert_eq!(scrape.value("a_total", &[("x", "2")]), Some(3.0));
/// assert_eq!(scrape.value("a_total", &[]), None); // two series match
/// assert_eq!(scrape.sum("a_total", &[]), Some(5.0));
/// # Ok::<(), weir_sim::ScrapeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scrape {
    /// By name, in the order of the exposition.
    samples: HashMap<String, Vec<Sample>>,
    kinds: HashMap<String, String>,
}

/// One series and its value at the scrape.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The series' name with its suffix, such as `_total` or `_bucket`.
    pub name: String,
    /// Names and values in the order of the exposition.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
}

impl Sample {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it has all of these labels; it may have others.
    pub fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels.iter().all(|(name, value)| self.label(name) == Some(value))
    }
}

impl Scrape {
    /// Reads an exposition. Timestamps and exemplars are skipped.
    ///
    /// # Errors
    /// On the first line that is neither a comment nor a sample; the error names it.
    pub fn parse(text: &str) -> Result<Self, ScrapeError> {
        parse::parse(text)
    }

    /// The value of the one series of this name that has these labels; `None` if there is none,
    /// or more than one.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut matching = self.matching(name, labels);
        let first = matching.next()?;
        matching.next().is_none().then_some(first.value)
    }

    /// The sum over all series of this name that have these labels; `None` if there are none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.matching(name, labels).map(|sample| sample.value).reduce(|sum, value| sum + value)
    }

    /// All series of this name that have these labels.
    pub fn matching<'a>(
        &'a self,
        name: &str,
        labels: &'a [(&'a str, &'a str)],
    ) -> impl Iterator<Item = &'a Sample> {
        let samples = self.samples.get(name).map_or(&[][..], Vec::as_slice);
        samples.iter().filter(move |sample| sample.has(labels))
    }

    /// The same with only some of its samples.
    pub fn only(&self, keep: impl Fn(&Sample) -> bool) -> Self {
        let mut kept = Self { samples: HashMap::new(), kinds: self.kinds.clone() };
        for sample in self.samples().filter(|sample| keep(sample)) {
            kept.insert(sample.clone());
        }
        kept
    }

    /// All series, by name.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.samples.values().flatten()
    }

    /// The values that a label has among the series of this name.
    pub fn labels_of(&self, name: &str, label: &str) -> BTreeSet<String> {
        self.matching(name, &[])
            .filter_map(|sample| sample.label(label))
            .map(str::to_owned)
            .collect()
    }

    /// What a family's `# TYPE` line says: `counter`, `gauge`, `histogram` and so on.
    pub fn kind(&self, family: &str) -> Option<&str> {
        self.kinds.get(family).map(String::as_str)
    }

    /// The histogram of this base name (without `_bucket`), summed over all series that have
    /// these labels; `None` if there are none.
    pub fn histogram(&self, base: &str, labels: &[(&str, &str)]) -> Option<Histogram> {
        let count = self.sum(&format!("{base}_count"), labels)?;
        let sum = self.sum(&format!("{base}_sum"), labels).unwrap_or(f64::NAN);
        let mut histogram = Histogram { buckets: Vec::new(), sum, count };
        for sample in self.matching(&format!("{base}_bucket"), labels) {
            if let Some(edge) = sample.label("le").and_then(|edge| edge.parse().ok()) {
                histogram.add(edge, sample.value);
            }
        }
        Some(histogram)
    }

    fn insert(&mut self, sample: Sample) {
        self.samples.entry(sample.name.clone()).or_default().push(sample);
    }
}
