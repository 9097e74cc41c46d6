//! Asks each upstream for its models, so that their names are labels before their first request.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::Client;
use tokio::task::JoinSet;
use tracing::{info, warn};
use weir_wire::listed_models;

use crate::ask::{self, AskError};
use crate::route::{Poll, Route};

/// An upstream that does not answer yet (vLLM loads for minutes) is asked again this soon, then
/// ever more slowly.
const RETRY: Duration = Duration::from_millis(250);

const PATH: &str = "/v1/models";

/// The polls of all routes that are in force; they end when this is dropped.
#[derive(Default)]
pub(crate) struct ModelPolls {
    running: Mutex<Vec<Running>>,
}

/// The poll of one route, if it has one; it ends when this is dropped.
struct Running {
    route: Arc<Route>,
    _task: JoinSet<()>,
}

impl ModelPolls {
    /// Polls these routes from now on, and no others. Those that were polled before go on as they were.
    /// Call it within a runtime.
    pub(crate) fn follow(&self, authorities: Option<&Path>, routes: Vec<Arc<Route>>) {
        let mut running = self.running.lock();
        let mut before = std::mem::take(&mut *running);
        *running = routes
            .into_iter()
            .map(|route| match before.iter().position(|known| Arc::ptr_eq(&known.route, &route)) {
                Some(found) => before.swap_remove(found),
                None => Running::start(authorities, route),
            })
            .collect();
    }

    /// Ends all of them.
    pub(crate) fn stop(&self) {
        self.running.lock().clear();
    }
}

impl Running {
    fn start(authorities: Option<&Path>, route: Arc<Route>) -> Self {
        let mut task = JoinSet::new();
        if let Some(every) = route.config.poll_models {
            match ask::client(authorities, route.config.upstream.tls_verify()) {
                Ok(client) => {
                    task.spawn(poll(client, Arc::clone(&route), every));
                }
                Err(error) => failed(&route, &error),
            }
        }
        Self { route, _task: task }
    }
}

async fn poll(client: Client, route: Arc<Route>, every: Duration) {
    let mut failures = 0u32;
    loop {
        let wait = match list(&client, &route).await {
            Ok(names) => {
                failures = 0;
                let count = names.len();
                route.series.learn(names);
                if route.polled(Poll::Answered) {
                    info!(route = route.config.name, count, "The upstream's models are known.");
                }
                every
            }
            Err(error) => {
                failed(&route, &error);
                failures = failures.saturating_add(1);
                RETRY.saturating_mul(failures).min(every)
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// Says so when it is news: an upstream may be away for hours.
fn failed(route: &Route, error: &AskError) {
    let reason = error.to_string();
    if route.polled(Poll::Failed(reason.clone())) {
        warn!(
            route = route.config.name,
            reason, "The upstream's models can't be asked for; names are learnt from traffic."
        );
    }
}

async fn list(client: &Client, route: &Route) -> Result<Vec<String>, AskError> {
    let mut request = client.get(format!("{}{PATH}", route.config.upstream.url()));
    if let Some(path) = &route.config.models_key_file {
        request = request.bearer_auth(ask::secret(path).await?);
    }
    let failed = |source| AskError::Http { path: PATH, source };
    let answer = request.send().await.map_err(failed)?;
    Ok(listed_models(&ask::body(answer, PATH).await?))
}
