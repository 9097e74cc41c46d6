//! What is known of a gateway, and how readings change it: plain data and a pure function.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::deployment::Deployments;
use crate::fetch::FetchError;

/// For how long deployments count that could not be read again.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// How often they are asked for without a key once that was refused: LiteLLM logs each refusal at length.
const REFUSED: Duration = Duration::from_secs(10 * 60);

const LACKING: &str = "its deployments are shown to those with a key: name one by key_file or key_env in \
                       [[discovery.litellm]]";

/// What is known of a gateway.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatewayState {
    /// Whether it answers; `None`: not known yet.
    pub live: Option<bool>,
    /// Whether it says that it can serve; `None`: it does not say.
    pub ready: Option<bool>,
    /// Its version, if it says it.
    pub version: Option<String>,
    /// What it is set up for, by its last word.
    pub deployments: Option<Arc<Deployments>>,
    /// What can't be read of it, in words.
    pub problem: Option<String>,
    /// What it does not tell us since nobody has given us a key, in words. Nothing is wrong with it.
    pub lacking: Option<&'static str>,
}

/// What one round of questions has brought.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) live: Result<(), FetchError>,
    pub(super) ready: Option<bool>,
    pub(super) version: Option<String>,
    /// `None`: not asked for.
    pub(super) deployments: Option<Result<Deployments, Unread>>,
}

/// Why there are no deployments.
#[derive(Debug)]
pub(super) enum Unread {
    /// It does not want to tell us.
    Refused(FetchError),
    /// It may tell us the next time.
    Failed(FetchError),
}

/// The state, and what it needs to become the next one.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) state: GatewayState,
    has_key: bool,
    /// From one question for the deployments to the next.
    pause: Duration,
    asked: Option<Instant>,
    read: Option<Instant>,
    refused: bool,
    /// Why there are no deployments.
    unread: Option<String>,
}

impl Progress {
    pub(super) fn new(has_key: bool, pause: Duration) -> Self {
        let state = GatewayState::default();
        Self { state, has_key, pause, asked: None, read: None, refused: false, unread: None }
    }

    /// Whether the deployments are to be asked for.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let pause = if self.refused && !self.has_key { REFUSED } else { self.pause };
        self.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= pause)
    }

    /// Takes a reading that was made at `now`.
    pub(super) fn take(&mut self, reading: Reading, now: Instant) {
        let Reading { live, ready, version, deployments } = reading;
        self.state.live = Some(live.is_ok());
        self.state.ready = ready;
        if let Some(deployments) = deployments {
            self.asked = Some(now);
            self.take_deployments(deployments, now);
            self.state.version = version;
        } else if version.is_some() {
            self.state.version = version;
        }
        if live.is_err() {
            // It may come back as another.
            self.asked = None;
            self.state.version = None;
        }
        if self.read.is_some_and(|read| now.saturating_duration_since(read) > KEPT) {
            self.state.deployments = None;
        }
        self.state.problem =
            live.err().map(|error| error.to_string()).or_else(|| self.unread.clone());
    }

    fn take_deployments(&mut self, read: Result<Deployments, Unread>, now: Instant) {
        self.refused = matches!(read, Err(Unread::Refused(_)));
        self.state.lacking = (self.refused && !self.has_key).then_some(LACKING);
        self.unread = match read {
            Ok(deployments) => {
                self.read = Some(now);
                if self.state.deployments.as_deref() != Some(&deployments) {
                    self.state.deployments = Some(Arc::new(deployments));
                }
                None
            }
            Err(Unread::Refused(error)) => {
                self.state.deployments = None;
                self.has_key.then(|| format!("{error}: its key is not accepted"))
            }
            Err(Unread::Failed(error)) => Some(error.to_string()),
        };
    }
}

#[cfg(test)]
mod tests;
