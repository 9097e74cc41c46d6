//! Where a run took place: the load tester's machine, the engines, the GPUs. What nobody says in time is absent.

mod commit;
mod target;

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, Url};
use tokio::time::timeout;

use self::target::Target;
use crate::discovered::{Served, serving};
use crate::gpus;
use crate::prometheus::{Prometheus, PrometheusError};
use crate::report::{EngineFacts, Environment};
use crate::tester::cores;

/// How long all questions together may take, being asked at once.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most engines, settings of one, and bytes of a setting or name that are kept.
const MOST_ENGINES: usize = 64;
const MOST_FLAGS: usize = 64;
const MOST_BYTES: usize = 256;

/// What is known before the run of everything that takes part in it. `key` is sent to the target only.
pub(crate) async fn environment(
    client: &Client,
    target: &Url,
    key: Option<&HeaderValue>,
    prometheus: Option<&Prometheus>,
    models: &[String],
    labels: BTreeMap<String, String>,
) -> Environment {
    let (commit, target, monitored) = tokio::join!(
        in_time(commit::commit()),
        Target::ask(client, target, key),
        in_time(monitored(prometheus, models)),
    );
    let (served, gpus) = monitored.unwrap_or_default();
    Environment {
        weir_version: version(),
        labels,
        commit,
        host: host(),
        cores: cores(),
        engines: engines(models, &target, &served),
        gpus,
    }
}

async fn in_time<T>(question: impl Future<Output = Option<T>>) -> Option<T> {
    timeout(PATIENCE, question).await.ok().flatten()
}

/// What discovery and the GPU exporter have told Prometheus: engines of the models, and GPUs by name.
async fn monitored(
    prometheus: Option<&Prometheus>,
    models: &[String],
) -> Option<(Vec<Served>, BTreeMap<String, u64>)> {
    let ask = async |prometheus: &Prometheus| -> Result<_, PrometheusError> {
        let (served, infos, shares) = tokio::try_join!(
            serving(prometheus, models, None),
            prometheus.vector("nvidia_gpu_info", None),
            prometheus.vector("nvidia_gpu_container_share", None),
        )?;
        let names = gpus::names(models, &served, &infos, &shares);
        Ok((served, names))
    };
    ask(prometheus?).await.ok()
}

/// Of this program.
fn version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    weir_daemon::build_info::REVISION
        .map_or_else(|| version.to_owned(), |revision| format!("{version} ({revision})"))
}

fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(cut(name.trim())).filter(|name| !name.is_empty())
}

/// The engines of each model: as discovery knows them, else what answers at the target, which may be a gateway.
fn engines(models: &[String], target: &Target, served: &[Served]) -> Vec<EngineFacts> {
    let of_model = |model: &String| {
        let own = target.facts(model);
        let its = served.iter().filter(|served| served.model == *model);
        let discovered: Vec<_> = its.map(|served| discovered(served, own.as_ref())).collect();
        match discovered.is_empty() {
            true => own.into_iter().collect(),
            false => discovered,
        }
    };
    models.iter().flat_map(of_model).take(MOST_ENGINES).collect()
}

fn discovered(served: &Served, target: Option<&EngineFacts>) -> EngineFacts {
    let known = |text: &str| Some(cut(text)).filter(|text| !text.is_empty());
    let mut flags = served.flags.clone();
    for (name, value) in [("image", &served.image), ("container", &served.container)] {
        if !value.is_empty() {
            flags.insert(name.to_owned(), value.clone());
        }
    }
    let root = target.and_then(|target| target.flags.get("root"));
    flags.extend(root.map(|root| ("root".to_owned(), root.clone())));
    EngineFacts {
        model: Some(cut(&served.model)),
        name: known(&served.role),
        version: known(&served.version),
        max_model_len: target.and_then(|target| target.max_model_len),
        flags: bounded(flags),
    }
}

fn bounded(flags: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let flags = flags.into_iter().take(MOST_FLAGS);
    flags.map(|(name, value)| (cut(&name), cut(&value))).collect()
}

fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
