//! Asks each upstream for its models, so that their names are labels before their first request.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Certificate, Client};
use tokio::task::JoinSet;
use tracing::{info, warn};
use weir_wire::listed_models;

use crate::config::Config;
use crate::route::{Poll, Route};

/// An upstream that does not answer yet (vLLM loads for minutes) is asked again this soon, then
/// ever more slowly.
const RETRY: Duration = Duration::from_millis(250);

const TIMEOUT: Duration = Duration::from_secs(5);

/// Longest answer that is read.
const LIMIT: usize = 1 << 20;

/// The polls of all routes; they end when this is dropped.
pub(crate) struct ModelPolls {
    _tasks: JoinSet<()>,
}

impl ModelPolls {
    /// Call it within a runtime.
    pub(crate) fn start(config: &Config, routes: Vec<Arc<Route>>) -> Self {
        let mut tasks = JoinSet::new();
        for route in routes {
            let Some(every) = route.config.poll_models else { continue };
            match client(config, &route) {
                Ok(client) => {
                    tasks.spawn(poll(client, route, every));
                }
                Err(error) => failed(&route, &error),
            }
        }
        Self { _tasks: tasks }
    }
}

/// Why a list did not come. It is shown to operators: neither the key nor the answer is in it.
#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error("reading {path}: {source}")]
    File { path: String, source: std::io::Error },
    #[error("GET /v1/models was answered with status {0}")]
    Status(u16),
    #[error("GET /v1/models: {}", why(.0))]
    Http(#[from] reqwest::Error),
    #[error("the list is larger than {LIMIT} bytes")]
    TooLarge,
}

/// What lies at the bottom of it: "Connection refused" rather than "error sending request".
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {TIMEOUT:?}");
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn client(config: &Config, route: &Route) -> Result<Client, PollError> {
    // As the traffic itself: straight to the upstream and nowhere else, least of all with a key.
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .tls_danger_accept_invalid_certs(!route.config.upstream.tls_verify());
    if let Some(path) = &config.tls_ca_file {
        let pem = std::fs::read(path)
            .map_err(|source| PollError::File { path: path.display().to_string(), source })?;
        builder = builder.tls_certs_only(Certificate::from_pem_bundle(&pem)?);
    }
    Ok(builder.build()?)
}

async fn poll(client: Client, route: Arc<Route>, every: Duration) {
    let mut failures = 0u32;
    loop {
        let wait = match ask(&client, &route).await {
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
fn failed(route: &Route, error: &PollError) {
    let reason = error.to_string();
    if route.polled(Poll::Failed(reason.clone())) {
        warn!(
            route = route.config.name,
            reason, "The upstream's models can't be asked for; names are learnt from traffic."
        );
    }
}

async fn ask(client: &Client, route: &Route) -> Result<Vec<String>, PollError> {
    let mut request = client.get(format!("{}/v1/models", route.config.upstream.url()));
    if let Some(path) = &route.config.models_key_file {
        let key = tokio::fs::read_to_string(path)
            .await
            .map_err(|source| PollError::File { path: path.display().to_string(), source })?;
        request = request.bearer_auth(key.trim());
    }
    let mut answer = request.send().await?;
    if !answer.status().is_success() {
        return Err(PollError::Status(answer.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > LIMIT {
            return Err(PollError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(listed_models(&body))
}
