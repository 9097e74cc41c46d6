//! The containers that processes run in: looked up once for each process, and what each has of a GPU.

pub mod cgroup;
mod share;
mod start_time;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use crate::snapshot::{Process, Snapshot};
pub use share::{Attribution, Share, container_memory, shares};

/// Processes that are remembered. Those beyond are looked up each time: slower, and as right.
const MOST_KNOWN: usize = 16 * 1024;

/// Finds the containers of processes by a `/proc`, and remembers them.
///
/// The driver names processes as the host does. An exporter that runs in a container therefore needs the
/// host's pids (`pid: host`), or the host's `/proc` mounted and named in its configuration. A process that
/// is not found there has no container.
#[derive(Debug)]
pub struct Containers {
    proc: PathBuf,
    most_known: usize,
    known: HashMap<u32, Known>,
}

/// A process whose cgroup has been read. Pids come again: it is the same one only if it began then.
#[derive(Clone, Debug)]
struct Known {
    start_time: u64,
    container: Option<String>,
}

impl Containers {
    /// `proc`: where the host's `/proc` is.
    pub fn new(proc: impl Into<PathBuf>) -> Self {
        Self { proc: proc.into(), most_known: MOST_KNOWN, known: HashMap::new() }
    }

    /// Gives each process the container that it runs in, but for those that have one already. Whoever is
    /// no longer in a snapshot is forgotten.
    pub fn fill(&mut self, snapshot: &mut Snapshot) {
        let mut seen = HashMap::new();
        let readings = snapshot.gpus.iter_mut().filter_map(|gpu| gpu.reading.as_mut().ok());
        let processes = readings.filter_map(|reading| reading.processes.as_mut()).flatten();
        for process in processes.filter(|process| process.container.is_none()) {
            process.container = self.container_of(process, &mut seen);
        }
        self.known = seen;
    }

    fn container_of(&self, process: &Process, seen: &mut HashMap<u32, Known>) -> Option<String> {
        // A process that uses eight GPUs is looked up once.
        if let Some(known) = seen.get(&process.pid) {
            return known.container.clone();
        }
        let start_time = self.start_time(process.pid)?;
        let before = self.known.get(&process.pid).filter(|known| known.start_time == start_time);
        let known = match before {
            Some(known) => known.clone(),
            None => self.look_up(process.pid, start_time)?,
        };
        let container = known.container.clone();
        if seen.len() < self.most_known {
            seen.insert(process.pid, known);
        }
        container
    }

    /// Nothing if the process ended meanwhile: then what was read may be another's.
    fn look_up(&self, pid: u32, start_time: u64) -> Option<Known> {
        let text = self.read(pid, "cgroup", cgroup::MOST_BYTES)?;
        let container = cgroup::container_id(&String::from_utf8_lossy(&text)).map(str::to_owned);
        (self.start_time(pid)? == start_time).then_some(Known { start_time, container })
    }

    fn start_time(&self, pid: u32) -> Option<u64> {
        start_time::of_stat(&self.read(pid, "stat", start_time::MOST_BYTES)?)
    }

    /// The file of a process; nothing if it is larger than such a file can be.
    fn read(&self, pid: u32, name: &str, most: usize) -> Option<Vec<u8>> {
        let file = File::open(self.proc.join(pid.to_string()).join(name)).ok()?;
        let mut bytes = Vec::new();
        file.take(most as u64 + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() <= most).then_some(bytes)
    }
}
