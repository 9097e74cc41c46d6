//! The GPUs that have been seen: those that can no longer be asked must not just vanish.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::snapshot::{Driver, Gpu, GpuError, Snapshot};

/// Who they are, and the XIDs counted; no reading is kept.
#[derive(Debug, Default)]
pub(super) struct Known {
    driver: Option<Driver>,
    by_uuid: BTreeMap<String, Gpu>,
}

impl Known {
    /// Adds to a snapshot what it lacks: who a GPU is that is lost so thoroughly that it does not say its
    /// UUID, and GPUs that are no longer listed. Then remembers it.
    pub(super) fn complete(&mut self, snapshot: &mut Snapshot) {
        for at in 0..snapshot.gpus.len() {
            if snapshot.gpus[at].identity.uuid.is_empty() {
                let index = snapshot.gpus[at].identity.index;
                let mut known = self.by_uuid.values();
                let same = |gpu: &&Gpu| gpu.identity.index == index && !lists(snapshot, gpu);
                if let Some(same) = known.find(same) {
                    snapshot.gpus[at].identity = same.identity.clone();
                    snapshot.gpus[at].xids = same.xids.clone();
                    snapshot.gpus[at].xid_watched = same.xid_watched;
                }
            }
        }
        let unlisted = self.by_uuid.values().filter(|gpu| !lists(snapshot, gpu));
        let unlisted: Vec<Gpu> = unlisted.cloned().collect();
        snapshot.gpus.extend(unlisted);
        snapshot.gpus.sort_by_key(|gpu| gpu.identity.index);
        self.remember(snapshot);
    }

    /// All that are known, none of which can be asked now; without the driver's versions if it is no longer
    /// known to be loaded.
    pub(super) fn unreadable(&self, why: GpuError, loaded: bool) -> Option<Arc<Snapshot>> {
        let mut gpus: Vec<Gpu> = self.by_uuid.values().cloned().collect();
        gpus.iter_mut().for_each(|gpu| gpu.reading = Err(why));
        gpus.sort_by_key(|gpu| gpu.identity.index);
        let driver = self.driver.clone().filter(|_| loaded);
        let snapshot = Snapshot { taken: SystemTime::now(), driver, gpus };
        (!snapshot.gpus.is_empty()).then(|| Arc::new(snapshot))
    }

    fn remember(&mut self, snapshot: &Snapshot) {
        self.driver.clone_from(&snapshot.driver);
        for gpu in snapshot.gpus.iter().filter(|gpu| !gpu.identity.uuid.is_empty()) {
            let known = Gpu {
                identity: gpu.identity.clone(),
                xids: gpu.xids.clone(),
                xid_watched: gpu.xid_watched,
                reading: Err(GpuError::Lost),
            };
            self.by_uuid.insert(gpu.identity.uuid.clone(), known);
        }
    }
}

fn lists(snapshot: &Snapshot, known: &Gpu) -> bool {
    snapshot.gpus.iter().any(|gpu| gpu.identity.uuid == known.identity.uuid)
}

#[cfg(test)]
mod tests;
