//! What the proxy measured for the same requests: its metrics before and after the run.

mod rows;
mod traffic;

use std::time::Duration;

use reqwest::{Client, StatusCode, Url};
use tokio::time::{Instant, sleep};
use weir_sim::{Scrape, ScrapeError};

use self::rows::rows;
use self::traffic::Traffic;
use crate::healthcheck::innermost;
use crate::http;
use crate::report::{Beside, Figures};

/// Where a proxy on this machine has its metrics.
const USUAL: &str = "http://127.0.0.1:9900/metrics";
/// How long an answer may take, and how long the page may be: 10,000 series are 2 MiB of it.
const PATIENCE: Duration = Duration::from_secs(2);
const LONGEST: usize = 8 << 20;
/// How long the proxy may take to count the last requests, and how often it is asked.
const SETTLES: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(50);

/// Why the proxy said nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BesideError {
    #[error("--proxy {0:?}: expected none or a URL such as {USUAL}, without a user and a query")]
    Address(String),
    #[error("asking the proxy at {url}: {why}")]
    Unreachable { url: String, why: String },
    #[error("the proxy at {url} answers {status}; --proxy names another, or none")]
    Refused { url: String, status: StatusCode },
    #[error("what {url} answers is no page of metrics; --proxy names the proxy's admin address")]
    NoMetrics { url: String, source: ScrapeError },
}

impl BesideError {
    /// Whether the arguments are wrong.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::Address(_))
    }
}

/// Where the proxy's metrics are, as `--proxy` says; without it, at the usual address if the target is on this
/// machine. `None`: nobody is to be asked.
pub(crate) fn address(flag: Option<&str>, target: &Url) -> Result<Option<Url>, BesideError> {
    let Some(text) = flag else {
        let here = match target.host_str() {
            Some("localhost" | "[::1]") => true,
            Some(host) => host.parse().is_ok_and(|it: std::net::Ipv4Addr| it.is_loopback()),
            None => false,
        };
        return Ok(USUAL.parse().ok().filter(|_| here));
    };
    if text == "none" {
        return Ok(None);
    }
    let wrong = || BesideError::Address(text.to_owned());
    let mut url: Url = text.parse().map_err(|_| wrong())?;
    let secret = !url.username().is_empty() || url.password().is_some() || url.query().is_some();
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || secret {
        return Err(wrong());
    }
    if url.path() == "/" {
        url.set_path("/metrics");
    }
    Ok(Some(url))
}

/// The proxy's metrics at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    scrape: Scrape,
}

impl Snapshot {
    /// Asks once.
    pub(crate) async fn take(client: &Client, url: &Url) -> Result<Self, BesideError> {
        let unreachable = |why| BesideError::Unreachable { url: url.to_string(), why };
        let answer = client.get(url.clone()).timeout(PATIENCE).send().await;
        let answer = answer.map_err(|error| unreachable(innermost(&error)))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(BesideError::Refused { url: url.to_string(), status });
        }
        let body = http::body(answer, LONGEST).await.map_err(unreachable)?;
        Self::parse(&String::from_utf8_lossy(&body))
            .map_err(|source| BesideError::NoMetrics { url: url.to_string(), source })
    }

    fn parse(text: &str) -> Result<Self, ScrapeError> {
        Ok(Self { scrape: Scrape::parse(text)? })
    }

    /// The same after the run of `sent` requests: it is asked until it has counted them all, which it does at its own
    /// end of each, at most for [`SETTLES`].
    pub(crate) async fn settled(
        client: &Client,
        url: &Url,
        before: &Self,
        sent: u64,
        models: &[String],
    ) -> Result<Self, BesideError> {
        let deadline = Instant::now() + SETTLES;
        loop {
            let after = Self::take(client, url).await?;
            let all = Traffic::find(&before.scrape, &after.scrape, sent, models)
                .is_some_and(|traffic| traffic.is_all_of(sent));
            // The engine's hop has counted a request before the edge has.
            if (all && traffic::is_idle(&after.scrape)) || Instant::now() >= deadline {
                return Ok(after);
            }
            sleep(PAUSE).await;
        }
    }
}

/// Lays the run's figures beside what the proxy counted in between. Pure.
///
/// Which of its traffic is meant is told by the number of requests: that of the edge, where both hops saw as many; of
/// some routes only, where the whole hop saw more. `source` says which; there are no rows where the proxy saw nothing.
pub(crate) fn beside(
    before: &Snapshot,
    after: &Snapshot,
    figures: &Figures,
    models: &[String],
    source: &str,
) -> Beside {
    let found = Traffic::find(&before.scrape, &after.scrape, figures.sent, models);
    let Some(traffic) = found else {
        let source = format!("{source} (it saw none of these requests)");
        return Beside { source, ..Beside::default() };
    };
    Beside {
        source: format!("{source} ({})", traffic.name()),
        same_requests: traffic.is_all_of(figures.sent),
        rows: rows(figures, &traffic),
    }
}

#[cfg(test)]
mod tests;
