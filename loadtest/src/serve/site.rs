//! All that the page's answers come from.

use std::sync::Arc;

use axum::http::StatusCode;
use reqwest::Client;
use tokio::sync::Semaphore;

use super::answer::Refusal;
use super::config::{Config, Links};
use super::live::Live;
use super::runs::Runs;
use crate::label_studio::LabelStudio;
use crate::store::{Store, StoreError};

/// So many questions are asked of the store at once: answers may be large.
const AT_ONCE: usize = 4;

pub(super) struct Site {
    pub(super) runs: Runs,
    pub(super) live: Live,
    pub(super) links: Links,
    pub(super) label_studio: Option<LabelStudio>,
    /// Names by which the page is reached, beside IP addresses and localhost; in small letters.
    pub(super) hosts: Vec<String>,
    places: Arc<Semaphore>,
}

impl Site {
    pub(super) fn new(config: &Config, client: &Client, runs: Runs) -> Self {
        Self {
            runs,
            live: Live::new(client, &config.sources),
            links: config.links.clone(),
            label_studio: config.label_studio.clone(),
            hosts: config.hosts.clone(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Reads the store on a thread that may block, and makes an answer of it there; `None`: there is no store yet.
    pub(super) async fn store<T: Send + 'static, R: Send + 'static>(
        &self,
        read: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
        answer: impl FnOnce(Option<T>) -> Result<R, Refusal> + Send + 'static,
    ) -> Result<R, Refusal> {
        // The semaphore is never closed.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let runs = self.runs.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _until_then = place;
            answer(runs.with(read)?)
        });
        let failed = |_| {
            Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "reading the store did not come to an end",
            )
        };
        done.await.map_err(failed)?
    }
}
