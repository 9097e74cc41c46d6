//! Where the requests go, and waiting until somebody is there.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Client, Url};
use tokio::time::sleep;

use super::{TrafficError, say};
use crate::healthcheck::innermost;
use crate::{http, key};

/// How long an answer to "is somebody there?" may take, and how long after it the question comes again.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_secs(1);

/// Where the requests go.
pub(super) struct Target {
    client: Client,
    /// Without a slash at the end.
    base: String,
}

impl Target {
    pub(super) fn new(url: &Url, key_file: Option<&Path>) -> Result<Self, TrafficError> {
        let mut headers = HeaderMap::new();
        if let Some(path) = key_file {
            headers.insert(AUTHORIZATION, key::bearer(path)?);
        }
        let client = http::client().default_headers(headers).build();
        Ok(Self { client: client.map_err(TrafficError::Client)?, base: http::base(url).to_owned() })
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Waits until somebody is there: answers, and not with an error of its own. Says once what it waits for; returns
    /// whether it had to.
    pub(super) async fn wait(&self) -> bool {
        let mut has_waited = false;
        while let Err(why) = self.ask().await {
            if !has_waited {
                say(&format!("Nobody is at {} ({why}); waiting.", self.base));
                has_waited = true;
            }
            sleep(PAUSE).await;
        }
        has_waited
    }

    async fn ask(&self) -> Result<(), String> {
        let url = format!("{}/v1/models", self.base);
        let answer = self.client.get(url).timeout(PATIENCE).send().await;
        let status = answer.map_err(|error| innermost(&error))?.status();
        if status.is_server_error() { Err(status.to_string()) } else { Ok(()) }
    }
}
