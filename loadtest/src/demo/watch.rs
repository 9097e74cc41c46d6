//! Scrapes of the proxy's metrics: the first one, and those of the last ten seconds.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::Client;
use tokio::time::{Instant, sleep};
use weir_sim::{Scrape, ScrapeError};

use super::figures::Figures;

/// How far back the figures of the table go: ten seconds, to the nearest scrape.
const WINDOW: Duration = Duration::from_millis(9_500);
/// How long a scrape may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why there is no scrape.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatchError {
    #[error("{url} could not be read")]
    Http { url: String, source: reqwest::Error },
    #[error("{url} is no exposition of metrics")]
    Text { url: String, source: ScrapeError },
}

/// A scrape and its moment.
struct Taken {
    at: Instant,
    scrape: Scrape,
}

/// The scrapes.
pub(crate) struct Watch {
    client: Client,
    url: String,
    first: Taken,
    /// The newest is at the end; empty before the second scrape.
    recent: VecDeque<Taken>,
}

impl Watch {
    /// Takes the first scrape of `url`.
    pub(crate) async fn start(client: Client, url: String) -> Result<Self, WatchError> {
        let first = take(&client, &url).await?;
        Ok(Self { client, url, first, recent: VecDeque::new() })
    }

    /// Takes the next scrape.
    pub(crate) async fn take(&mut self) -> Result<(), WatchError> {
        let taken = take(&self.client, &self.url).await?;
        let old = |oldest: &Taken| taken.at.duration_since(oldest.at) >= WINDOW;
        while self.recent.get(1).is_some_and(old) {
            self.recent.pop_front();
        }
        self.recent.push_back(taken);
        Ok(())
    }

    /// Takes scrapes until nothing is under way, or until it took too long: clients that the demo did not start may
    /// go on. A scrape in the midst of that need not add up; then another one does.
    pub(crate) async fn settle(&mut self) -> Result<(), WatchError> {
        let begun = Instant::now();
        loop {
            self.take().await?;
            let (figures, waited) = (self.whole(), begun.elapsed());
            let enough = figures.is_quiet() || waited >= PATIENCE;
            if enough && figures.ledger_adds_up() || waited >= 2 * PATIENCE {
                return Ok(());
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// How long ago the first scrape was.
    pub(crate) fn age(&self) -> Duration {
        self.first.at.elapsed()
    }

    /// The figures of about the last ten seconds.
    pub(crate) fn window(&self) -> Figures {
        self.since(self.recent.front().unwrap_or(&self.first))
    }

    /// The figures since the first scrape.
    pub(crate) fn whole(&self) -> Figures {
        self.since(&self.first)
    }

    fn since(&self, earlier: &Taken) -> Figures {
        let later = self.recent.back().unwrap_or(&self.first);
        Figures::between(&earlier.scrape, &later.scrape, later.at.duration_since(earlier.at))
    }
}

async fn take(client: &Client, url: &str) -> Result<Taken, WatchError> {
    let http = |source| WatchError::Http { url: url.to_owned(), source };
    let answer = client.get(url).timeout(PATIENCE).send().await.map_err(http)?;
    let text = answer.error_for_status().map_err(http)?.text().await.map_err(http)?;
    let scrape =
        Scrape::parse(&text).map_err(|source| WatchError::Text { url: url.to_owned(), source })?;
    Ok(Taken { at: Instant::now(), scrape })
}
