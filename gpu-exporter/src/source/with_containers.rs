//! A source whose processes have the containers that they run in.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{GpuSource, SourceError};
use crate::container::Containers;
use crate::exposition::{LeftOut, left_out};
use crate::snapshot::Snapshot;

/// Adds containers to what another source reads, and counts what is too much to be shown.
pub(crate) struct WithContainers {
    pub(crate) source: Box<dyn GpuSource>,
    pub(crate) containers: Containers,
    pub(crate) left_out: Arc<Mutex<LeftOut>>,
}

impl GpuSource for WithContainers {
    fn read(&mut self) -> Result<Snapshot, SourceError> {
        let mut snapshot = self.source.read()?;
        self.containers.fill(&mut snapshot);
        let mut so_far = self.left_out.lock();
        for LeftOut { processes, containers } in snapshot.gpus.iter().map(left_out) {
            so_far.processes += processes;
            so_far.containers += containers;
        }
        drop(so_far);
        Ok(snapshot)
    }

    fn is_spent(&self) -> bool {
        self.source.is_spent()
    }
}
