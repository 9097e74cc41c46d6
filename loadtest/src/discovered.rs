//! Which engines serve a model, as weir-discovery tells Prometheus (METRICS-DISCOVERY.md).

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use crate::prometheus::{Prometheus, PrometheusError, Sample};

/// An engine that serves a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Served {
    /// As it was asked for.
    pub(crate) model: String,
    /// Empty for an engine that is in no container of the server's.
    pub(crate) container_id: String,
    /// Its name, or the one given by hand.
    pub(crate) container: String,
    /// Empty where it is not known, as are the next two.
    pub(crate) version: String,
    pub(crate) role: String,
    pub(crate) image: String,
    /// How its cache is configured.
    pub(crate) flags: BTreeMap<String, String>,
}

/// What Prometheus has of it.
#[derive(Debug, Default)]
struct Known {
    /// `llm_engine_up`
    up: Vec<Sample>,
    /// `llm_container_info`
    containers: Vec<Sample>,
    /// `llm_engine_cache_config_info`
    caches: Vec<Sample>,
    /// `llm_model_alias_info`
    aliases: Vec<Sample>,
    /// `llm_engine_model_info`
    links: Vec<Sample>,
}

/// Labels that tell whose a series is, and not how an engine is configured.
const OWNERS: [&str; 9] = [
    "__name__",
    "instance",
    "job",
    "container",
    "container_id",
    "model",
    "edge_model",
    "engine",
    "engine_version",
];

/// The engines that served these models at that moment, now unless said; none without discovery.
pub(crate) async fn serving(
    prometheus: &Prometheus,
    models: &[String],
    at: Option<SystemTime>,
) -> Result<Vec<Served>, PrometheusError> {
    let (up, containers, caches, aliases, links) = tokio::try_join!(
        prometheus.vector("llm_engine_up == 1", at),
        prometheus.vector("llm_container_info", at),
        prometheus.vector("llm_engine_cache_config_info", at),
        prometheus.vector("llm_model_alias_info", at),
        prometheus.vector("llm_engine_model_info", at),
    )?;
    let known = Known { up, containers, caches, aliases, links };
    Ok(models.iter().flat_map(|model| known.serving(model)).collect())
}

impl Known {
    fn serving(&self, model: &str) -> Vec<Served> {
        let links: Vec<_> =
            self.links.iter().filter(|link| link.label("edge_model") == model).collect();
        let aliases = self.aliases.iter().filter(|alias| alias.label("alias") == model);
        let names: BTreeSet<_> = aliases.map(|alias| alias.label("model")).chain([model]).collect();
        let serves = |engine: &&Sample| match links.is_empty() {
            true => names.contains(engine.label("model")),
            // At a gateway the name may be any: only those behind it are meant.
            false => links.iter().any(|link| same_engine(link, engine)),
        };
        // Of data parallelism there may be several.
        let mut found: Vec<Served> = Vec::new();
        for engine in self.up.iter().filter(serves) {
            let served = self.facts(model, engine);
            if !found.contains(&served) {
                found.push(served);
            }
        }
        found
    }

    fn facts(&self, model: &str, engine: &Sample) -> Served {
        let container = self.containers.iter().find(|it| same_engine(it, engine));
        let of_container = |label| container.map_or("", |it| it.label(label)).to_owned();
        let cache = self.caches.iter().find(|it| same_engine(it, engine));
        let flags = cache.into_iter().flat_map(|cache| &cache.labels);
        Served {
            model: model.to_owned(),
            container_id: engine.label("container_id").to_owned(),
            container: engine.label("container").to_owned(),
            version: engine.label("engine_version").to_owned(),
            role: of_container("role"),
            image: of_container("image"),
            flags: flags
                .filter(|(name, value)| !OWNERS.contains(&name.as_str()) && !value.is_empty())
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        }
    }
}

/// Whether both are of one engine.
fn same_engine(one: &Sample, other: &Sample) -> bool {
    ["container_id", "container"].iter().all(|label| one.label(label) == other.label(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(labels: &[(&str, &str)]) -> Sample {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Sample { labels: labels.collect(), value: 1.0 }
    }

    fn known() -> Known {
        let llama = [("container_id", "aa"), ("container", "llama"), ("model", "llama")];
        let qwen = [("container_id", "bb"), ("container", "qwen"), ("model", "qwen")];
        Known {
            up: vec![
                sample(&[&llama[..], &[("engine_version", "0.32.0")]].concat()),
                sample(&[&qwen[..], &[("engine_version", "0.31.0")]].concat()),
            ],
            containers: vec![sample(
                &[&llama[..], &[("role", "vllm"), ("image", "vllm/vllm-openai:v0.32.0")]].concat(),
            )],
            caches: vec![sample(
                &[&llama[..], &[("engine", "0"), ("block_size", "16"), ("cache_dtype", "")]]
                    .concat(),
            )],
            aliases: vec![sample(&[("alias", "llama-3"), ("model", "llama")])],
            links: vec![sample(
                &[&qwen[..], &[("edge_model", "gpt-4o"), ("route", "qwen")]].concat(),
            )],
        }
    }

    #[test]
    fn an_engine_is_found_by_each_of_its_names() {
        let known = known();
        let llama = known.serving("llama");
        let expected = Served {
            model: "llama".to_owned(),
            container_id: "aa".to_owned(),
            container: "llama".to_owned(),
            version: "0.32.0".to_owned(),
            role: "vllm".to_owned(),
            image: "vllm/vllm-openai:v0.32.0".to_owned(),
            flags: BTreeMap::from([("block_size".to_owned(), "16".to_owned())]),
        };
        assert_eq!(llama, [expected]);
        let container = |model| {
            let engines = known.serving(model);
            engines.into_iter().map(|engine| engine.container).collect::<Vec<_>>()
        };
        assert_eq!(container("llama-3"), ["llama"]);
        assert_eq!(container("gpt-4o"), ["qwen"]);
        assert!(container("nobody's").is_empty());
    }
}
