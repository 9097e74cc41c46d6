//! What the sampling loop tells the pages: the last snapshot, and how reading goes. A scrape reads this
//! and never asks the driver.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;

use crate::snapshot::Snapshot;

/// How reading stands at a moment.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// What was read last; `None`: nothing yet, or withdrawn because it is no longer true.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Why the last attempt at reading all GPUs failed, in words for the operator; `None`: it did not.
    pub error: Option<String>,
    /// When a read last succeeded.
    pub last_success: Option<SystemTime>,
    /// How long the last read took.
    pub last_read: Option<Duration>,
    /// Reads since the start.
    pub reads: Reads,
}

impl State {
    /// Whether the source can be read.
    pub fn is_up(&self) -> bool {
        self.error.is_none() && self.snapshot.is_some()
    }
}

/// Reads since the start, by how they went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// A snapshot came of it.
    pub success: u64,
    /// The source could not be opened or read.
    pub error: u64,
    /// It took longer than it may.
    pub timeout: u64,
}

impl Reads {
    /// By value of the label `result`.
    pub fn by_result(self) -> BTreeMap<&'static str, u64> {
        BTreeMap::from([
            ("success", self.success),
            ("error", self.error),
            ("timeout", self.timeout),
        ])
    }
}

/// The state as the loop last left it, for all who want to see it.
#[derive(Debug, Default)]
pub struct Published(RwLock<Arc<State>>);

impl Published {
    /// As it is now.
    pub fn get(&self) -> Arc<State> {
        Arc::clone(&self.0.read())
    }

    /// What it is from now on.
    pub fn set(&self, state: State) {
        let state = Arc::new(state);
        *self.0.write() = state;
    }
}
