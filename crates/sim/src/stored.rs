//! Responses that can be asked for again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::answer::Script;

/// At most so many are kept; the oldest go first.
const MAX_STORED: usize = 1_000;

/// A response that was made, or is being made since some moment.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) script: Arc<Script>,
    pub(crate) since: Instant,
}

impl Stored {
    /// Whether all of it is there: one of the background takes its time.
    pub(crate) fn is_complete(&self) -> bool {
        !self.script.ask.background || Instant::now() >= self.since + self.script.duration()
    }
}

/// The stored responses of one upstream.
#[derive(Default)]
pub(crate) struct Store(Mutex<VecDeque<Stored>>);

impl Store {
    pub(crate) fn put(&self, stored: Stored) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(stored);
        if kept.len() > MAX_STORED {
            kept.pop_front();
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<Stored> {
        let id = id.strip_prefix("resp_")?;
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|stored| stored.script.id == id).cloned()
    }
}
