//! Answers of a run as tasks of [Label Studio](https://labelstud.io), where people judge them: as JSON for its import,
//! and pushed to one that is running.

mod api;
mod error;
mod project;
mod tasks;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;

use reqwest::Url;
use serde_json::Value;
use tokio::sync::Mutex;

pub(crate) use self::error::PushError;
pub(crate) use self::project::Project;
pub(crate) use self::tasks::{gold_tasks, tasks};

use self::api::Api;

/// What a project shows of [`tasks()`]: answers to be dragged into "Good examples" or "Wrong or useless" in their order,
/// and a text, the answer as it should be.
pub(crate) const LABELING_CONFIG: &str = include_str!("label_studio/labeling.xml");

/// In one request: so many tasks, and so many bytes unless one task alone is more.
const MOST_TASKS: usize = 50;
const MOST_BYTES: usize = 8 << 20;

/// A second push of the same run waits, and then finds the tasks of the first.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A Label Studio, and where in it tasks go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LabelStudio {
    /// Its root; a path is kept.
    pub(crate) url: Url,
    /// With a personal access token, or a legacy token where the organization allows them. Read at each push.
    pub(crate) token_file: PathBuf,
    pub(crate) project: Project,
}

/// What a push came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pushed {
    /// Tasks that are there now and were not before.
    pub(crate) count: usize,
    /// Tasks that were there, and were left as they are: somebody may have worked on them.
    pub(crate) already: usize,
    /// The project's page.
    pub(crate) url: Url,
}

/// Brings [`tasks()`] into the project. Those that it has, by their `data.task`, are not brought again.
pub(crate) async fn push(config: &LabelStudio, tasks: &[Value]) -> Result<Pushed, PushError> {
    let _alone = ONE_AT_A_TIME.lock().await;
    let mut api = Api::new(&config.url, &config.token_file)?;
    api.log_in().await?;
    let project = project::find_or_create(&api, &config.project).await?;
    let url = api.url(&format!("projects/{project}/data"))?;
    let mut pushed = Pushed { count: 0, already: 0, url };
    for batch in batches(tasks) {
        let there = pushed.count + pushed.already;
        bring(&mut api, project, &batch, &mut pushed)
            .await
            .map_err(|error| error.after(there, tasks.len()))?;
    }
    Ok(pushed)
}

/// A task, as JSON, and its `data.task`.
struct Packed<'a> {
    key: &'a str,
    json: String,
}

fn batches(tasks: &[Value]) -> Vec<Vec<Packed<'_>>> {
    let mut batches = Vec::new();
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for task in tasks {
        let key = task.pointer("/data/task").and_then(Value::as_str).unwrap_or_default();
        let json = task.to_string();
        if batch.len() == MOST_TASKS || (!batch.is_empty() && bytes + json.len() > MOST_BYTES) {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += json.len();
        batch.push(Packed { key, json });
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
}

async fn bring(
    api: &mut Api,
    project: u64,
    batch: &[Packed<'_>],
    pushed: &mut Pushed,
) -> Result<(), PushError> {
    // What a personal access token is exchanged for is good for five minutes only.
    api.log_in().await?;
    let keys: Vec<&str> = batch.iter().map(|packed| packed.key).collect();
    let there: BTreeSet<String> = api.there(project, &keys).await?;
    let missing: Vec<&str> = batch
        .iter()
        .filter(|packed| !there.contains(packed.key))
        .map(|packed| packed.json.as_str())
        .collect();
    if !missing.is_empty() {
        api.import(project, &missing).await?;
    }
    pushed.count += missing.len();
    pushed.already += batch.len() - missing.len();
    Ok(())
}
