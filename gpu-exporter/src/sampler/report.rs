//! What the loop tells the pages and the log: each change of state once, never each attempt.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::known::Known;
use crate::snapshot::{Gpu, GpuError, Snapshot};
use crate::source::SourceError;
use crate::state::{Published, State};

#[derive(Debug)]
pub(super) struct Report {
    published: Arc<Published>,
    state: State,
    known: Known,
    /// Nothing has been read yet: nothing; reading works: `""`; else the kind of error.
    told: Option<&'static str>,
    /// GPUs of which the log says that they can't be asked.
    down: BTreeMap<(u32, String), GpuError>,
}

impl Report {
    pub(super) fn new(published: Arc<Published>) -> Self {
        let (state, known) = (State::default(), Known::default());
        Self { published, state, known, told: None, down: BTreeMap::new() }
    }

    pub(super) fn succeeded(&mut self, mut snapshot: Snapshot, took: Duration) {
        if self.told.replace("") != Some("") {
            let version = snapshot.driver.as_ref().and_then(|driver| driver.version.as_deref());
            tracing::info!(gpus = snapshot.gpus.len(), driver = version, "The GPUs are read.");
        }
        self.known.complete(&mut snapshot);
        snapshot.gpus.iter().for_each(|gpu| self.tell_of(gpu));
        self.state.last_success = Some(snapshot.taken);
        self.state.snapshot = Some(Arc::new(snapshot));
        self.state.error = None;
        self.state.last_read = Some(took);
        self.state.reads.success += 1;
        self.published.set(self.state.clone());
    }

    /// Nothing that was read before is shown any longer.
    pub(super) fn failed(&mut self, error: &SourceError) {
        if self.told.replace(error.kind()) != Some(error.kind()) {
            tracing::warn!(%error, "The GPUs cannot be read; it is tried again.");
        }
        let why = match error {
            SourceError::TimedOut { .. } => {
                self.state.reads.timeout += 1;
                GpuError::TimedOut
            }
            _ => {
                self.state.reads.error += 1;
                GpuError::Failed
            }
        };
        self.state.snapshot = self.known.unreadable(why, is_loaded(error));
        self.state.error = Some(error.to_string());
        self.state.last_read = None;
        self.published.set(self.state.clone());
    }

    fn tell_of(&mut self, gpu: &Gpu) {
        let (index, uuid) = (gpu.identity.index, gpu.identity.uuid.clone());
        match gpu.reading {
            Ok(_) => {
                if self.down.remove(&(index, uuid.clone())).is_some() {
                    tracing::info!(gpu = index, uuid, "A GPU can be read again.");
                }
            }
            Err(reason) => {
                if self.down.insert((index, uuid.clone()), reason) != Some(reason) {
                    tracing::warn!(gpu = index, uuid, ?reason, "A GPU cannot be read.");
                }
            }
        }
    }
}

/// Whether the driver is still there, so that its version is known.
fn is_loaded(error: &SourceError) -> bool {
    use SourceError::{NoGpuAnswers, Panicked, TimedOut};
    matches!(error, TimedOut { .. } | NoGpuAnswers { .. } | Panicked)
}

#[cfg(test)]
mod tests;
