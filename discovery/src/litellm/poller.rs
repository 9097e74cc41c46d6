//! Asking a gateway, again and again.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tracing::info;

use super::deployment::Deployments;
use super::model_info::ModelInfo;
use super::state::{GatewayState, Progress, Reading, Unread};
use crate::fetch::{Answer, Credentials, FetchError, Reach, Server};
use crate::source::{SourceKind, Sources};

const LIVELINESS: &str = "/health/liveliness";
const READINESS: &str = "/health/readiness";
/// Newer gateways tell their version here only, and with a key.
const DETAILS: &str = "/health/readiness/details";
const MODEL_INFO: &str = "/model/info";
const MODEL_INFO_V1: &str = "/v1/model/info";

/// The deployments are asked for in one round of so many.
const ROUNDS: u32 = 6;

/// A gateway to ask.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// The label `gateway`: the container's name, or the one that was given by hand.
    pub name: String,
    /// Its container, if it is known.
    pub container_id: Option<String>,
    /// How it is reached, with its key.
    pub server: Server,
    /// From one round of questions to the next.
    pub interval: Duration,
}

/// Asks a gateway as long as it lives; after that, the gateway is no source any more.
pub struct Poller {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    name: String,
    state: Mutex<Arc<GatewayState>>,
    /// Whether anybody wants to know.
    is_wanted: Mutex<bool>,
    sources: Arc<Sources>,
}

impl Poller {
    /// Begins at once.
    pub fn start(gateway: Gateway, sources: Arc<Sources>) -> Self {
        let shared = Arc::new(Shared {
            name: gateway.name.clone(),
            state: Mutex::default(),
            is_wanted: Mutex::new(true),
            sources,
        });
        let task = tokio::spawn(poll(gateway, Arc::clone(&shared)));
        Self { shared, task }
    }

    /// What is known now.
    pub fn state(&self) -> Arc<GatewayState> {
        Arc::clone(&self.shared.state.lock())
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.task.abort();
        // The task may be in the middle of saying something.
        *self.shared.is_wanted.lock() = false;
        self.shared.sources.forget(SourceKind::Litellm, &self.shared.name);
    }
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").field("name", &self.shared.name).finish_non_exhaustive()
    }
}

impl Shared {
    fn publish(&self, state: &GatewayState) {
        let is_wanted = self.is_wanted.lock();
        if !*is_wanted {
            return;
        }
        let before = std::mem::replace(&mut *self.state.lock(), Arc::new(state.clone()));
        if let Some(lacking) = state.lacking
            && before.lacking.is_none()
        {
            info!(name = self.name, lacking, "The LiteLLM proxy tells only whether it is up.");
        }
        match &state.problem {
            None => self.sources.up(SourceKind::Litellm, &self.name, SystemTime::now()),
            Some(problem) => self.sources.down(SourceKind::Litellm, &self.name, problem),
        }
    }
}

async fn poll(gateway: Gateway, shared: Arc<Shared>) {
    let reach = gateway.server.reach();
    let has_key = reach.credentials != Credentials::None;
    let open = Server::new(Reach { credentials: Credentials::None, ..reach.clone() });
    // What is open to all is asked for without the key: a key that can't be read says nothing of the gateway.
    let open = open.unwrap_or_else(|_| gateway.server.clone());
    let mut progress = Progress::new(has_key, gateway.interval * ROUNDS);
    let mut ticks = tokio::time::interval(gateway.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let is_due = progress.is_due(Instant::now());
        let reading = read(&open, &gateway.server, is_due).await;
        progress.take(reading, Instant::now());
        shared.publish(&progress.state);
    }
}

async fn read(open: &Server, server: &Server, with_deployments: bool) -> Reading {
    let live = open.get(LIVELINESS).await.and_then(|answer| ok(&answer, LIVELINESS));
    if live.is_err() {
        return Reading { live, ready: None, version: None, deployments: None };
    }
    let readiness = open.get(READINESS).await;
    let mut version = readiness.as_ref().ok().and_then(version);
    let ready = is_ready(&readiness);
    let mut deployments = None;
    if with_deployments {
        deployments = Some(model_info(server).await);
        if version.is_none() && matches!(deployments, Some(Ok(_))) {
            version = server.get(DETAILS).await.ok().as_ref().and_then(self::version);
        }
    }
    Reading { live, ready, version, deployments }
}

fn ok(answer: &Answer, path: &str) -> Result<(), FetchError> {
    match answer.status {
        200 => Ok(()),
        status => Err(FetchError::Status { path: path.to_owned(), status }),
    }
}

/// 404 and the like are no verdict; no answer at all is one.
fn is_ready(readiness: &Result<Answer, FetchError>) -> Option<bool> {
    match readiness {
        Ok(answer) if answer.status == 200 => Some(true),
        Ok(answer) if answer.status < 500 => None,
        Ok(_) | Err(_) => Some(false),
    }
}

fn version(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Details {
        litellm_version: String,
    }
    let details: Details = answer.json(READINESS).ok()?;
    let version = details.litellm_version;
    let is_plain = version.len() <= 64 && version.bytes().all(|byte| byte.is_ascii_graphic());
    (is_plain && !version.is_empty()).then_some(version)
}

async fn model_info(server: &Server) -> Result<Deployments, Unread> {
    let mut path = MODEL_INFO;
    let mut answer = server.get(path).await.map_err(Unread::Failed)?;
    if answer.status == 404 {
        path = MODEL_INFO_V1;
        answer = server.get(path).await.map_err(Unread::Failed)?;
    }
    let has_key = server.reach().credentials != Credentials::None;
    let read = answer.json::<ModelInfo>(path).map(Deployments::read);
    read.map_err(|error| match answer.status {
        // Without a database, 1.106.2 answers 400 to a key that it does not know …
        400 | 401 | 403 => Unread::Refused(error),
        // … and 500 where there is none.
        500 if !has_key => Unread::Refused(error),
        _ => Unread::Failed(error),
    })
}
