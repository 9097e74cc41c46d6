//! Where what is known goes: to those who wait for it, to the states of sources, to the log.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{info, warn};

use super::known::{Containers, Known};
use super::runtime::RuntimeError;
use crate::source::{SourceKind, Sources};

/// Each time that something is passed on, all is copied: so not for every event of a burst.
const PASS_ON_EVERY: Duration = Duration::from_millis(50);
/// How far back events are asked for at first: between subscribing and listing, things happen.
const OVERLAP: Duration = Duration::from_secs(2);
const NAME: &str = "docker";

#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) known: Known,
    /// When the last event happened, by the runtime's clock.
    pub(super) last_event: Option<SystemTime>,
    sender: watch::Sender<Arc<Containers>>,
    sources: Arc<Sources>,
    passed_on: Option<Instant>,
    is_changed: bool,
    was_up: bool,
}

impl Outlet {
    pub(super) fn new(sender: watch::Sender<Arc<Containers>>, sources: Arc<Sources>) -> Self {
        Self {
            known: Known::default(),
            last_event: None,
            sender,
            sources,
            passed_on: None,
            is_changed: false,
            was_up: false,
        }
    }

    /// From when on events are asked for.
    pub(super) fn since(&self) -> SystemTime {
        let now = SystemTime::now();
        self.last_event.map_or(now, |last| last.min(now)).checked_sub(OVERLAP).unwrap_or(now)
    }

    /// Something is different now.
    pub(super) const fn changed(&mut self) {
        self.is_changed = true;
    }

    /// The runtime was read.
    pub(super) fn up(&mut self) {
        self.was_up = true;
        self.sources.up(SourceKind::Docker, NAME, SystemTime::now());
    }

    /// The runtime can't be followed any more.
    pub(super) fn lost(&mut self, error: &RuntimeError) {
        // Where no address is configured and there never was a runtime, it is no source.
        let is_absent = matches!(error, RuntimeError::Absent(_)) && !self.was_up;
        if !is_absent {
            self.sources.down(SourceKind::Docker, NAME, error);
        } else if !self.known.seen.absent {
            info!(reason = %error, "No containers are looked for until there is a runtime.");
        }
        if matches!(error, RuntimeError::Unreadable { .. }) {
            // The event that could not be read would come again.
            self.last_event = None;
        }
        self.known.lost(error.to_string(), is_absent);
        self.pass_on();
    }

    /// There are too many containers.
    pub(super) fn leave_out(&mut self, count: usize, most: usize) {
        let seen = &mut self.known.seen;
        if count > 0 && seen.left_out == 0 {
            warn!(left_out = count, most, "There are more containers than are followed.");
        }
        self.is_changed |= seen.left_out != count;
        seen.left_out = count;
    }

    /// Some containers can't be inspected.
    pub(super) fn some_fail(&mut self, failing: usize, of: usize, error: Option<&RuntimeError>) {
        let said = error
            .filter(|_| failing > 0)
            .map(|error| format!("{failing} of {of} containers can't be inspected: {error}"));
        if let Some(error) = &said
            && self.known.seen.error.is_none()
        {
            warn!(error, "Some containers can't be inspected.");
        }
        self.is_changed |= self.known.seen.error != said;
        self.known.seen.error = said;
    }

    /// When what has changed is to be passed on.
    pub(super) fn due(&self) -> Option<Instant> {
        let due = self.passed_on.map_or_else(Instant::now, |last| last + PASS_ON_EVERY);
        self.is_changed.then_some(due)
    }

    /// Passes on what is known.
    pub(super) fn pass_on(&mut self) {
        self.is_changed = false;
        self.passed_on = Some(Instant::now());
        self.sender.send_replace(Arc::new(self.known.seen.clone()));
    }
}
