//! Targets for Prometheus' HTTP service discovery
//! (<https://prometheus.io/docs/prometheus/latest/http_sd/>).

use std::time::{Duration, Instant};

use reqwest::Url;
use serde_json::{Map, Value, json};

use crate::config::Watching;
use crate::fleet::{Fleet, Member};
use crate::litellm::LitellmConfig;
use crate::recognize::Role;

/// A list of targets: `/sd/` and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Engines.
    Vllm,
    /// LiteLLM proxies.
    Litellm,
    /// Weir's own daemons.
    Weir,
    /// Containers that ask for it by the labels `prometheus.io/scrape` and so on.
    Containers,
}

impl Job {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Vllm, Self::Litellm, Self::Weir, Self::Containers];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vllm => "vllm",
            Self::Litellm => "litellm",
            Self::Weir => "weir",
            Self::Containers => "containers",
        }
    }

    /// The job of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|job| job.as_str() == name)
    }
}

/// Whether a gateway is named in the configuration; for relabelling only.
const NAMED: &str = "__meta_weir_named";

/// The targets of a job. One whose container has ended stays for `watching.tombstone`, so that `up` turns 0 before
/// the target is gone.
pub fn targets(fleet: &Fleet, job: Job, watching: &Watching, now: Instant) -> Value {
    let tombstone = watching.tombstone;
    let role = match job {
        Job::Vllm => Role::Vllm,
        Job::Litellm => Role::Litellm,
        Job::Weir => Role::Weir,
        Job::Containers => return scraped(fleet, now, tombstone),
    };
    let reached = fleet.reached(role, now, tombstone);
    if job == Job::Litellm {
        return gateways(&reached, &watching.litellm);
    }
    reached.iter().map(|(member, url)| target(labels(member), url)).collect()
}

/// Those with a URL, and those that were found elsewhere.
fn gateways(found: &[(&Member, Url)], configured: &[LitellmConfig]) -> Value {
    let by_hand = configured.iter().filter_map(|config| {
        let labels = [("container", config.name.as_str()), ("role", Role::Litellm.as_str())];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.into()));
        Some((Map::from_iter(labels), config.url.clone()?))
    });
    let by_hand: Vec<_> = by_hand.collect();
    let is_by_hand =
        |url: &Url| by_hand.iter().any(|(_, known)| authority(known) == authority(url));
    let found = found.iter().filter(|(_, url)| !is_by_hand(url));
    let found = found.map(|(member, url)| (labels(member), url.clone()));
    let all = found.chain(by_hand.iter().cloned()).map(|(mut labels, url)| {
        // Whoever starts a container can say that it is a LiteLLM: a key is for those that somebody named.
        let is_named = configured.iter().any(|config| labels["container"] == config.name.as_str());
        labels.insert(NAMED.to_owned(), if is_named { "true" } else { "false" }.into());
        target(labels, &url)
    });
    all.collect()
}

/// `[{"targets":["172.17.0.2:8000"],"labels":{"container":"llama",…}}]`
fn target(mut labels: Map<String, Value>, url: &Url) -> Value {
    labels.insert("__scheme__".to_owned(), url.scheme().into());
    let root = url.path().trim_end_matches('/');
    labels.insert("__metrics_path__".to_owned(), format!("{root}/metrics").into());
    json!({"targets": [authority(url)], "labels": labels})
}

/// Host and port, the latter always.
fn authority(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

fn labels(member: &Member) -> Map<String, Value> {
    let mut labels = Map::new();
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            labels.insert(name.to_owned(), value.into());
        }
    };
    add("container", &member.name);
    add("container_id", member.id());
    add("role", member.role().as_str());
    if member.is_engine() {
        add("model", member.models().first().map_or("", String::as_str));
        add("engine_version", &member.version().unwrap_or_default());
    }
    labels
}

/// Those that ask for it, at the port and path that they name.
fn scraped(fleet: &Fleet, now: Instant, tombstone: Duration) -> Value {
    let members = fleet.members().filter(|member| member.is_kept(now, tombstone));
    members
        .filter_map(|member| {
            let scrape = member.scraped.as_ref()?;
            let mut labels = labels(member);
            labels.insert("__metrics_path__".to_owned(), scrape.path.clone().into());
            Some(json!({"targets": [scrape.address.to_string()], "labels": labels}))
        })
        .collect()
}
