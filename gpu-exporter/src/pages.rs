//! What the admin endpoints show of the exporter.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};
use weir_daemon::admin::{AdminAccess, Pages};
use weir_daemon::reload::Reloads;

use crate::config::SourceKind;
use crate::exposition::{Exporter, LeftOut, openmetrics};
use crate::snapshot::{Gpu, Snapshot};
use crate::source::history::History;
use crate::state::Published;

/// The exporter's pages.
#[derive(Debug)]
pub(crate) struct ExporterPages {
    pub(crate) source: SourceKind,
    pub(crate) published: Arc<Published>,
    /// What was not shown, so far.
    pub(crate) left_out: Arc<Mutex<LeftOut>>,
    /// XIDs, which come while the GPUs can't be read, too.
    pub(crate) history: Arc<History>,
    /// What a reload changes.
    pub(crate) loaded: RwLock<LoadedAgain>,
}

/// What a reload changes.
#[derive(Clone, Debug)]
pub(crate) struct LoadedAgain {
    pub(crate) access: Arc<AdminAccess>,
    pub(crate) reloads: Reloads,
}

impl Pages for ExporterPages {
    fn metrics(&self) -> String {
        let state = self.published.get();
        let exporter = Exporter {
            source: self.source.as_str(),
            simulated: self.source.is_simulated(),
            state: &state,
            left_out: *self.left_out.lock(),
            reloads: self.loaded.read().reloads,
        };
        let snapshot = state.snapshot.as_deref().map(|it| self.history.refreshed(it));
        openmetrics(snapshot.as_deref(), &exporter)
    }

    fn ready(&self) -> Result<(), String> {
        let state = self.published.get();
        match &state.error {
            Some(error) => Err(error.clone()),
            None if state.snapshot.is_none() => {
                Err("reading the GPUs for the first time".to_owned())
            }
            None => Ok(()),
        }
    }

    fn status(&self) -> Value {
        let state = self.published.get();
        let snapshot = state.snapshot.as_deref();
        let driver = snapshot.and_then(|snapshot| snapshot.driver.as_ref());
        let since_1970 = state.last_success.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        json!({
            "source": self.source.as_str(),
            "simulated": self.source.is_simulated(),
            "up": state.is_up(),
            "error": state.error,
            "last_success_timestamp_seconds": since_1970.map(|time| time.as_secs_f64()),
            "last_read_seconds": state.last_read.map(|took| took.as_secs_f64()),
            "reads": state.reads.by_result(),
            "driver_version": driver.and_then(|driver| driver.version.as_ref()),
            "cuda_version": driver.and_then(|driver| driver.cuda.as_ref()),
            "devices": snapshot.map(devices),
        })
    }

    fn models(&self) -> Option<Value> {
        None
    }

    fn access(&self) -> Arc<AdminAccess> {
        Arc::clone(&self.loaded.read().access)
    }
}

fn devices(snapshot: &Snapshot) -> Vec<Value> {
    snapshot.gpus.iter().map(device).collect()
}

fn device(gpu: &Gpu) -> Value {
    json!({
        "gpu": gpu.identity.index,
        "uuid": gpu.identity.uuid,
        "name": gpu.identity.name,
        "error": gpu.reading.as_ref().err().map(|error| error.as_str()),
    })
}
