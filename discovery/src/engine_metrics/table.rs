//! The table of names, read from `table.json`: which of an engine's metrics is which of ours.
//!
//! What a page has decides, not the version: vLLM 0.8 to 0.10 run either generation of the engine, and
//! hidden metrics can be switched on. Versions in the table are documentation, and what the tests expect.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use weir_families::Metric;

const JSON: &str = include_str!("table.json");

/// The one table. A test sees to it that it can be read.
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(JSON).unwrap_or_default());

/// All families, and how to find them.
#[derive(Debug, Default)]
pub struct Table {
    families: Vec<Family>,
    passed_over: Vec<PassedOverName>,
    /// By names of aliases: the indices of family and alias.
    aliases: HashMap<&'static str, (usize, usize)>,
    metrics: Vec<Metric>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What the file is, for its readers.
    #[expect(dead_code, reason = "only people read it")]
    about: &'static str,
    families: Vec<Family>,
    passed_over: Vec<PassedOverName>,
}

/// A metric as it is exported.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its unit; none for plain counts.
    #[serde(default)]
    pub unit: Option<&'static str>,
    /// What it means.
    pub help: &'static str,
    /// Labels of its own, besides those that all have.
    #[serde(default)]
    pub labels: Vec<OwnLabel>,
    /// What engines call it, the newest name first.
    pub aliases: Vec<Alias>,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only goes up.
    Counter,
    /// Counts by size, with the engine's own edges.
    Histogram,
    /// Always 1; its labels, each of which may be missing, are what it tells.
    Info,
}

/// A label that a metric has of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnLabel {
    /// As it is exported.
    pub name: &'static str,
    /// As the engine calls it, if that differs.
    #[serde(default)]
    pub from: Option<&'static str>,
}

/// What an engine calls a metric.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alias {
    /// The name on the page; a histogram's without the endings of its series.
    pub name: &'static str,
    /// Which server.
    #[serde(default = "vllm")]
    pub server: &'static str,
    /// Which generation of vLLM's engine, `V0` or `V1`; `None`: both.
    #[serde(default)]
    pub generation: Option<&'static str>,
    /// The first version that has it.
    #[serde(default)]
    pub first: Option<&'static str>,
    /// The last version that has it; `None`: there is no end yet.
    #[serde(default)]
    pub last: Option<&'static str>,
    /// From which version on it only shows if it was switched on.
    #[serde(default)]
    pub hidden: Option<&'static str>,
    /// How many of the engine's units make one of ours.
    #[serde(default = "one")]
    pub divisor: f64,
    /// What is special about it.
    #[serde(default)]
    pub note: Option<&'static str>,
}

/// A name that is known and not exported.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassedOverName {
    /// The name; a star at its end stands for anything.
    pub name: &'static str,
    /// Why not.
    pub reason: &'static str,
}

/// What a series on a page is to a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Value,
    Bucket,
    Sum,
    Count,
}

/// What the name of a series on a page stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Part of a family, under one of its aliases.
    Known { family: usize, alias: usize, part: Part },
    /// It is known and not exported.
    PassedOver,
    /// It is in no list.
    Unknown,
}

impl Table {
    /// The one that is built in.
    pub fn get() -> &'static Self {
        &TABLE
    }

    fn read(json: &'static str) -> Result<Self, serde_json::Error> {
        let File { families, passed_over, .. } = serde_json::from_str(json)?;
        let mut aliases = HashMap::new();
        for (family, of) in families.iter().enumerate() {
            aliases.extend(
                of.aliases.iter().enumerate().map(|(at, alias)| (alias.name, (family, at))),
            );
        }
        let metrics = families.iter().map(Family::metric).collect();
        Ok(Self { families, passed_over, aliases, metrics })
    }

    /// All that are exported.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// What is known and not exported.
    pub fn passed_over(&self) -> &[PassedOverName] {
        &self.passed_over
    }

    pub(super) fn metric(&self, family: usize) -> &Metric {
        &self.metrics[family]
    }

    pub(super) fn meaning(&self, name: &str) -> Meaning {
        const PARTS: [(&str, Part); 3] =
            [("_bucket", Part::Bucket), ("_sum", Part::Sum), ("_count", Part::Count)];
        let ended = PARTS.into_iter().find_map(|(end, part)| Some((name.strip_suffix(end)?, part)));
        if let Some((base, part)) = ended
            && let Some(known) = self.known(base, part)
        {
            return known;
        }
        if let Some(known) = self.known(name, Part::Value) {
            return known;
        }
        // `_created` stands beside series, a histogram's parts stand for it.
        let base = ended.map_or(name, |(base, _)| base);
        let base = name.strip_suffix("_created").unwrap_or(base);
        match self.is_listed(name) || self.is_listed(base) || self.is_created(name) {
            true => Meaning::PassedOver,
            false => Meaning::Unknown,
        }
    }

    fn known(&self, name: &str, part: Part) -> Option<Meaning> {
        let &(family, alias) = self.aliases.get(name)?;
        let is_histogram = self.families[family].kind == Kind::Histogram;
        (is_histogram == (part != Part::Value)).then_some(Meaning::Known { family, alias, part })
    }

    fn is_listed(&self, name: &str) -> bool {
        self.passed_over.iter().any(|listed| match listed.name.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == listed.name,
        })
    }

    /// Whether it is the moment at which a series of ours, or a counter that is passed over, began.
    fn is_created(&self, name: &str) -> bool {
        let Some(base) = name.strip_suffix("_created") else { return false };
        let counter = format!("{base}_total");
        self.aliases.contains_key(base)
            || self.aliases.contains_key(counter.as_str())
            || self.is_listed(&counter)
    }
}

impl Family {
    fn metric(&self) -> Metric {
        match self.kind {
            Kind::Gauge | Kind::Info => Metric::gauge(self.name, self.help),
            Kind::Counter => Metric::counter(self.name, self.help),
            Kind::Histogram => Metric::histogram(self.name, self.help),
        }
    }
}

impl OwnLabel {
    /// As the engine calls it.
    pub fn from(&self) -> &'static str {
        self.from.unwrap_or(self.name)
    }
}

const fn vllm() -> &'static str {
    "vllm"
}

const fn one() -> f64 {
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_read() {
        Table::read(JSON).unwrap();
        assert!(!Table::get().families().is_empty());
    }

    #[test]
    fn names_have_their_meaning() {
        let table = Table::get();
        let part = |name| match table.meaning(name) {
            Meaning::Known { family, alias, part } => {
                Some((table.families[family].name, alias, part))
            }
            _ => None,
        };
        let tokens = "llm_engine_iteration_tokens";
        assert_eq!(part("vllm:iteration_tokens_total_count"), Some((tokens, 0, Part::Count)));
        assert_eq!(part("vllm:iteration_tokens_total"), None);
        assert_eq!(part("vllm:prompt_tokens_total_sum"), None);
        let itl = "llm_engine_inter_token_latency_seconds";
        assert_eq!(part("vllm:time_per_output_token_seconds_sum"), Some((itl, 1, Part::Sum)));
        let usage = "llm_engine_kv_cache_usage_ratio";
        assert_eq!(part("vllm:gpu_cache_usage_perc"), Some((usage, 1, Part::Value)));
        for name in [
            "process_cpu_seconds_total",
            "vllm:iteration_tokens_total_created",
            "vllm:prompt_tokens_created",
            "vllm:prompt_tokens_by_source_created",
            "vllm:request_params_n_bucket",
            "vllm:request_num_preemptions_created",
        ] {
            assert_eq!(table.meaning(name), Meaning::PassedOver, "{name}");
        }
        assert_eq!(table.meaning("vllm:brand_new"), Meaning::Unknown);
    }
}
