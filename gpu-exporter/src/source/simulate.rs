//! Eight H200s that are not there, for demonstrations and tests: every number is a function of the time
//! since the start.

mod engines;
mod gpu;
mod load;
mod moment;

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use self::engines::Engines;
use super::{GpuSource, SourceError};
use crate::snapshot::Snapshot;

/// How many GPUs there are.
const GPUS: u32 = 8;

/// GPUs that are not there.
#[derive(Clone, Debug)]
pub struct Simulation {
    started: SystemTime,
    clock: Instant,
    engines: Option<Engines>,
}

impl Simulation {
    /// They begin to work now. With `proc`, a `/proc`, their processes are in the containers that run simulated
    /// engines, as far as there are any: the first four GPUs in one, the next two in another.
    pub fn start(proc: Option<PathBuf>) -> Self {
        let engines = proc.map(Engines::below);
        Self { started: SystemTime::now(), clock: Instant::now(), engines }
    }

    /// What they do so long after `started`.
    pub fn at(started: SystemTime, elapsed: Duration) -> Snapshot {
        let gpus = (0..GPUS).map(|index| gpu::at(index, started, elapsed)).collect();
        Snapshot { taken: started + elapsed, driver: None, gpus }
    }
}

impl GpuSource for Simulation {
    fn read(&mut self) -> Result<Snapshot, SourceError> {
        let mut snapshot = Self::at(self.started, self.clock.elapsed());
        let Some(engines) = &mut self.engines else { return Ok(snapshot) };
        let containers = engines.containers(Instant::now());
        for gpu in &mut snapshot.gpus {
            let owner = containers.get(gpu::container(gpu.identity.index));
            let (Some(owner), Ok(reading)) = (owner, &mut gpu.reading) else { continue };
            for process in reading.processes.iter_mut().flatten() {
                process.container = Some(owner.clone());
            }
        }
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests;
