//! Follows discovery: asks weir-discovery for its routes every second, and hands on what has changed.
//! Whatever fails, the last good routes stay in force.

mod answer;
mod found;
mod state;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use reqwest::Client;
use tokio::task::JoinSet;

pub(crate) use answer::{Listing, Unusable};
pub(crate) use found::{Found, FoundRoute, Gone};
pub(crate) use state::State;

use crate::ask::{self, AskError};
use crate::config::{Config, Discovery};
use crate::shared::Shared;

const EVERY: Duration = Duration::from_secs(1);

const PATH: &str = "/routes";

/// A longer tag is none.
const LONGEST_TAG: usize = 256;

/// The task that does it, if any does; it ends when this is dropped.
pub(crate) struct Following {
    _task: JoinSet<()>,
}

impl Following {
    /// Call it within a runtime.
    pub(crate) fn start(config: &Config, shared: &Arc<Shared>) -> Self {
        let mut task = JoinSet::new();
        shared.discovery.begin(&shared.ledger, config.discovery.as_ref());
        if let Some(discovery) = &config.discovery {
            let authorities = discovery.tls_ca_file.as_ref().or(config.tls_ca_file.as_ref());
            let asker = Asker {
                discovery: discovery.clone(),
                authorities: authorities.cloned(),
                client: None,
                tag: None,
            };
            task.spawn(follow(Arc::clone(shared), asker));
        }
        Self { _task: task }
    }
}

async fn follow(shared: Arc<Shared>, mut asker: Asker) {
    loop {
        let answer = asker.ask().await;
        shared.discovery_said(&asker.discovery, answer);
        tokio::time::sleep(EVERY).await;
    }
}

/// Why discovery's routes are not known. It is shown to operators: nothing of the answer is in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("GET {PATH}: {0}")]
    Answer(#[from] Unusable),
}

/// Asks, and remembers which answer is the last that could be used.
struct Asker {
    discovery: Discovery,
    authorities: Option<PathBuf>,
    client: Option<Client>,
    tag: Option<HeaderValue>,
}

impl Asker {
    /// What discovery names now; `None`: the same as before.
    async fn ask(&mut self) -> Result<Option<Listing>, Failed> {
        let client = match &self.client {
            Some(client) => client.clone(),
            None => {
                let client = ask::client(self.authorities.as_deref(), self.discovery.tls_verify)?;
                self.client.insert(client).clone()
            }
        };
        let mut request = client.get(format!("{}{PATH}", self.discovery.url));
        if let Some(path) = &self.discovery.bearer_file {
            request = request.bearer_auth(ask::secret(path).await?);
        }
        if let Some(tag) = &self.tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let failed = |source| AskError::Http { path: PATH, source };
        let answer = request.send().await.map_err(failed)?;
        if answer.status() == StatusCode::NOT_MODIFIED && self.tag.is_some() {
            return Ok(None);
        }
        let tag = answer.headers().get(header::ETAG).filter(|tag| tag.len() <= LONGEST_TAG);
        let tag = tag.cloned();
        let listing = answer::read(&ask::body(answer, PATH).await?)?;
        self.tag = tag;
        Ok(Some(listing))
    }
}
