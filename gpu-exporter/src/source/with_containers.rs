//! A source whose processes have the containers that they run in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{GpuSource, SourceError};
use crate::container::Containers;
use crate::exposition::left_out;
use crate::snapshot::Snapshot;

/// Adds containers to what another source reads, and counts the processes that are too many to be shown.
pub(crate) struct WithContainers {
    pub(crate) source: Box<dyn GpuSource>,
    pub(crate) containers: Containers,
    pub(crate) left_out: Arc<AtomicU64>,
}

impl GpuSource for WithContainers {
    fn read(&mut self) -> Result<Snapshot, SourceError> {
        let mut snapshot = self.source.read()?;
        self.containers.fill(&mut snapshot);
        let left_out: usize = snapshot.gpus.iter().map(left_out).sum();
        self.left_out.fetch_add(left_out as u64, Ordering::Relaxed);
        Ok(snapshot)
    }
}
