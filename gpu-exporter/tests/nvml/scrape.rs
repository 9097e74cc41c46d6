//! What a scrape has.

/// The text of one scrape.
#[derive(Clone, Debug)]
pub(crate) struct Scrape(pub(crate) String);

impl Scrape {
    /// The value of the one sample with this name and these labels among its own.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut found = self.samples(name, labels);
        let value = found.next().map(|line| {
            let (_, value) = line.rsplit_once(' ').expect("a value");
            value.parse().expect("a number")
        });
        assert_eq!(found.next(), None, "more than one {name} with {labels:?}");
        value
    }

    /// The value of a GPU's one sample with this name.
    pub(crate) fn of_gpu(&self, name: &str, index: usize) -> Option<f64> {
        self.value(name, &[("gpu", &index.to_string())])
    }

    /// Lines with this name and these labels among their own.
    pub(crate) fn samples<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&str, &str)],
    ) -> impl Iterator<Item = &'a str> {
        self.0.lines().filter(move |line| {
            let rest = line.strip_prefix(name).filter(|rest| rest.starts_with(['{', ' ']));
            let has = |(key, value): &(&str, &str)| {
                let pair = format!("{key}=\"{value}\"");
                line.contains(&format!("{{{pair}")) || line.contains(&format!(",{pair}"))
            };
            rest.is_some() && labels.iter().all(has)
        })
    }

    /// Indexes of the GPUs with a sample of this name.
    pub(crate) fn gpus_with(&self, name: &str) -> Vec<usize> {
        (0..64)
            .filter(|index| self.samples(name, &[("gpu", &index.to_string())]).next().is_some())
            .collect()
    }

    /// Whether the source can be read.
    pub(crate) fn up(&self) -> bool {
        self.value("weir_source_up", &[("source", "nvml")]) == Some(1.0)
    }

    /// How many reads ended so.
    pub(crate) fn reads(&self, result: &str) -> f64 {
        self.value("weir_gpu_reads_total", &[("result", result)]).unwrap_or(0.0)
    }
}
