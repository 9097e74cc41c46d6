//! Eight H200s that are not there, for demonstrations and tests: every number is a function of the time
//! since the start.

mod gpu;
mod load;
mod moment;

use std::time::{Duration, Instant, SystemTime};

use super::{GpuSource, SourceError};
use crate::snapshot::Snapshot;

/// How many GPUs there are.
const GPUS: u32 = 8;

/// GPUs that are not there.
#[derive(Clone, Copy, Debug)]
pub struct Simulation {
    started: SystemTime,
    clock: Instant,
}

impl Simulation {
    /// They begin to work now.
    pub fn start() -> Self {
        Self { started: SystemTime::now(), clock: Instant::now() }
    }

    /// What they do so long after `started`.
    pub fn at(started: SystemTime, elapsed: Duration) -> Snapshot {
        let gpus = (0..GPUS).map(|index| gpu::at(index, started, elapsed)).collect();
        Snapshot { taken: started + elapsed, driver: None, gpus }
    }
}

impl GpuSource for Simulation {
    fn read(&mut self) -> Result<Snapshot, SourceError> {
        Ok(Self::at(self.started, self.clock.elapsed()))
    }
}

#[cfg(test)]
mod tests;
