//! Following a container runtime: over a socket, against a daemon that is scripted, and against a runtime that is
//! scripted without one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod daemon;
mod faults;
mod following;
mod runtime;
mod scripted;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use weir_discovery::follow::{Containers, Follower};
use weir_discovery::source::{SourceKind, SourceState, Sources};

/// Longer than anything here should take.
const DEADLINE: Duration = Duration::from_secs(10);

/// A follower, and how its source does.
struct Followed {
    _follower: Follower,
    seen: watch::Receiver<Arc<Containers>>,
    sources: Arc<Sources>,
}

impl Followed {
    fn new(start: impl FnOnce(Arc<Sources>) -> Follower) -> Self {
        let sources = Arc::new(Sources::default());
        let follower = start(Arc::clone(&sources));
        Self { seen: follower.containers(), _follower: follower, sources }
    }

    /// What is known, once it is as wanted.
    async fn until(&mut self, what: &str, wanted: impl Fn(&Containers) -> bool) -> Arc<Containers> {
        let found = self.seen.wait_for(|seen| wanted(seen));
        let found = tokio::time::timeout(DEADLINE, found).await;
        let found = found.map(|found| Arc::clone(&found.unwrap()));
        found.unwrap_or_else(|_| panic!("waited in vain until {what}: {:?}", self.seen.borrow()))
    }

    fn source(&self) -> Option<SourceState> {
        self.sources.all().remove(&(SourceKind::Docker, "docker".to_owned()))
    }
}

/// The id of the container of this number.
fn id(number: usize) -> String {
    format!("{number:064x}")
}

/// The description of a container that runs.
fn running(number: usize, name: &str) -> Value {
    json!({
        "Id": id(number), "Name": format!("/{name}"), "Path": "vllm", "Args": ["serve", "tiny"],
        "Image": format!("sha256:{}", id(0)),
        "Config": {"Image": "vllm/vllm-openai:v0.11.0", "Env": ["A=1"], "Labels": {}},
        "State": {"Status": "running", "StartedAt": "2026-11-22T07:50:01Z"},
    })
}

/// The same, killed for its use of memory at a second.
fn killed(number: usize, name: &str, second: u32) -> Value {
    let mut container = running(number, name);
    let finished = format!("2026-11-22T07:51:{second:02}Z");
    container["State"] = json!({
        "Status": "exited", "OOMKilled": true, "ExitCode": 137,
        "StartedAt": "2026-11-22T07:51:00Z", "FinishedAt": finished,
    });
    container
}

fn names(seen: &Containers) -> Vec<&str> {
    seen.by_id.values().map(|container| container.name.as_str()).collect()
}
