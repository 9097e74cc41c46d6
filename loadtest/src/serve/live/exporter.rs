//! Scrapes of an exporter: the newest, and those of the last minute before it.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::{Client, Url};
use tokio::time::{Instant, sleep};
use weir_sim::{Scrape, ScrapeError};

use super::between::Between;
use crate::healthcheck::innermost;

/// Rates are those of this time at most.
const WINDOW: Duration = Duration::from_secs(60);
/// Whoever is the first to look waits so long for a second scrape: one alone tells no rate.
const FIRST_GAP: Duration = Duration::from_secs(1);
/// How long a scrape may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// A page of a proxy with a dozen models has a tenth of it.
const LARGEST: usize = 32 << 20;

/// An exporter, and what it said lately.
#[derive(Debug)]
pub(super) struct Exporter {
    client: Client,
    url: Url,
    /// The newest is at the end.
    taken: VecDeque<(Instant, Scrape)>,
}

/// Why there is no scrape.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExporterError {
    #[error("asking {url}: {why}")]
    Unreachable { url: Url, why: String },
    #[error("{url} is no page of metrics: {source}")]
    Text { url: Url, source: ScrapeError },
}

impl Exporter {
    pub(super) fn new(client: Client, url: Url) -> Self {
        Self { client, url, taken: VecDeque::new() }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Takes a scrape, and a second one where there was none before it.
    pub(super) async fn look(&mut self) -> Result<(), ExporterError> {
        self.take().await?;
        if self.taken.len() == 1 {
            sleep(FIRST_GAP).await;
            self.take().await?;
        }
        Ok(())
    }

    /// The newest scrape, and the oldest that is no older than a minute.
    pub(super) fn between(&self) -> Option<Between<'_>> {
        let ((first, earlier), (last, later)) = (self.taken.front()?, self.taken.back()?);
        let earlier = (self.taken.len() > 1).then_some(earlier);
        Some(Between { earlier, later, seconds: last.duration_since(*first).as_secs_f64() })
    }

    async fn take(&mut self) -> Result<(), ExporterError> {
        let scrape = self.scrape().await;
        if scrape.is_err() {
            // What it said before its end is no longer true.
            self.taken.clear();
        }
        let now = Instant::now();
        self.taken.retain(|(at, _)| now.duration_since(*at) <= WINDOW);
        self.taken.push_back((now, scrape?));
        Ok(())
    }

    async fn scrape(&self) -> Result<Scrape, ExporterError> {
        let unreachable = |why| ExporterError::Unreachable { url: self.url.clone(), why };
        let failed = |error: reqwest::Error| unreachable(innermost(&error));
        let request = self.client.get(self.url.clone()).timeout(PATIENCE);
        let mut answer = request.send().await.map_err(failed)?;
        if !answer.status().is_success() {
            return Err(unreachable(answer.status().to_string()));
        }
        let mut page = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            page.extend_from_slice(&piece);
            if page.len() > LARGEST {
                return Err(unreachable(format!("more than {} MiB", LARGEST >> 20)));
            }
        }
        // A large page takes milliseconds, in which no other page would be answered.
        let parsed =
            tokio::task::spawn_blocking(move || Scrape::parse(&String::from_utf8_lossy(&page)));
        match parsed.await {
            Ok(parsed) => {
                parsed.map_err(|source| ExporterError::Text { url: self.url.clone(), source })
            }
            Err(_) => Err(unreachable("its page could not be read".to_owned())),
        }
    }
}
