//! What answers at the target, if that is an engine.

use std::collections::BTreeMap;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, Url};
use serde::Deserialize;
use weir_sim::Scrape;

use super::{PATIENCE, bounded, cut};
use crate::http;
use crate::report::EngineFacts;

/// How long answers may be.
const LONGEST: usize = 1 << 20;
const LONGEST_METRICS: usize = 8 << 20;
/// Owners that gateways tell of any model: they say nothing of the engine.
const NOBODY: [&str; 3] = ["openai", "system", "organization-owner"];
/// The only one whose version and configuration are asked for.
const VLLM: &str = "vllm";

/// What it said; each part may be unknown.
#[derive(Debug, Default)]
pub(super) struct Target {
    models: Vec<Model>,
    version: Option<String>,
    cache: BTreeMap<String, String>,
}

/// A card of `/v1/models`, as vLLM writes them.
#[derive(Debug, Default, Deserialize)]
struct Model {
    id: String,
    owned_by: Option<String>,
    root: Option<String>,
    max_model_len: Option<u64>,
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

impl Target {
    /// Asks for models, version and metrics at once.
    pub(super) async fn ask(client: &Client, url: &Url, key: Option<&HeaderValue>) -> Self {
        let base = http::base(url);
        let get = async |path: &str, most| {
            let mut question = client.get(format!("{base}{path}")).timeout(PATIENCE);
            if let Some(key) = key {
                question = question.header(AUTHORIZATION, key);
            }
            let answer = question.send().await.ok()?;
            let answer = answer.error_for_status().ok()?;
            http::body(answer, most).await.ok()
        };
        let (models, version, metrics) = tokio::join!(
            get("/v1/models", LONGEST),
            get("/version", LONGEST),
            get("/metrics", LONGEST_METRICS),
        );
        let models = models.and_then(|body| serde_json::from_slice::<Models>(&body).ok());
        let version = version.and_then(|body| serde_json::from_slice::<Version>(&body).ok());
        let metrics = metrics.and_then(|body| String::from_utf8(body).ok());
        Self {
            models: models.map_or_else(Vec::new, |models| models.data),
            version: version.map(|version| version.version),
            cache: metrics.map_or_else(BTreeMap::new, |page| cache_config(&page)),
        }
    }

    /// The engine of a model; `None` where the target does not list the model, or says nothing of it.
    pub(super) fn facts(&self, model: &str) -> Option<EngineFacts> {
        let own = self.models.iter().find(|known| known.id == model)?;
        let owner = |model: &Model| {
            model.owned_by.clone().filter(|owner| !NOBODY.contains(&owner.as_str()))
        };
        let name = owner(own);
        // Behind a gateway with several engines, one of them may have answered.
        let is_engine = self.models.iter().all(|other| owner(other).as_deref() == Some(VLLM));
        let mut flags = match is_engine {
            true => self.cache.clone(),
            false => BTreeMap::new(),
        };
        let root = own.root.clone().filter(|root| *root != own.id);
        flags.extend(root.map(|root| ("root".to_owned(), root)));
        let facts = EngineFacts {
            model: Some(cut(model)),
            name: name.as_deref().map(cut),
            version: self.version.as_deref().filter(|_| is_engine).map(cut),
            max_model_len: own.max_model_len,
            flags: bounded(flags),
        };
        let nothing = EngineFacts { model: facts.model.clone(), ..EngineFacts::default() };
        (facts != nothing).then_some(facts)
    }
}

/// Labels of vLLM's `vllm:cache_config_info` that say something; of several ranks, those of the first.
fn cache_config(page: &str) -> BTreeMap<String, String> {
    let Ok(page) = Scrape::parse(page) else { return BTreeMap::new() };
    let info = page.matching("vllm:cache_config_info", &[]).next();
    let labels = info.into_iter().flat_map(|info| info.labels.clone());
    let says = |(name, value): &(String, String)| name != "engine" && value != "None";
    labels.filter(says).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_one_address_with_several_engines_one_version_is_nobodys() {
        let model = |id: &str, owner: &str| Model {
            id: id.to_owned(),
            owned_by: Some(owner.to_owned()),
            ..Model::default()
        };
        let cache = || BTreeMap::from([("block_size".to_owned(), "16".to_owned())]);
        let target = |models| Target { models, version: Some("0.32.0".to_owned()), cache: cache() };
        let one = target(vec![model("a", "vllm"), model("b", "vllm")]).facts("a").unwrap();
        assert_eq!((one.version.as_deref(), one.flags), (Some("0.32.0"), cache()));
        let several = target(vec![model("a", "vllm"), model("b", "sglang")]);
        let expected = EngineFacts {
            model: Some("a".to_owned()),
            name: Some("vllm".to_owned()),
            ..EngineFacts::default()
        };
        assert_eq!((several.facts("a"), several.facts("c")), (Some(expected), None));
    }
}
