//! The containers that processes run in: looked up once for each process, and what each has of a GPU.

pub mod cgroup;
mod notice;
mod proc_folder;
mod share;
mod shown;
mod start_time;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use crate::snapshot::{Process, Reading, Snapshot};
pub use notice::Notice;
pub(crate) use proc_folder::is_proc;
pub use share::{Attribution, Share, container_memory, shares};
pub use shown::{OTHER, Shown, shown};

/// Processes that are remembered. Those beyond are looked up each time: slower, and as right.
const MOST_KNOWN: usize = 16 * 1024;

/// Finds the containers of processes by a `/proc`, and remembers them.
///
/// The driver names processes as the host does. An exporter that runs in a container therefore needs the
/// host's pids (`pid: host`), or the host's `/proc` mounted and named in its configuration. A process that
/// is not found there has no container; how many those are is told.
#[derive(Debug)]
pub struct Containers {
    proc: PathBuf,
    notice: Notice,
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
    /// `proc`: where the host's `/proc` is. `notice`: who says that it is not there.
    pub fn new(proc: impl Into<PathBuf>, notice: Notice) -> Self {
        Self { proc: proc.into(), notice, most_known: MOST_KNOWN, known: HashMap::new() }
    }

    /// Gives each process the container that it runs in, but for those that have one already, and counts
    /// those that are not found. Whoever is no longer in a snapshot is forgotten.
    pub fn fill(&mut self, snapshot: &mut Snapshot) {
        let mut seen = HashMap::new();
        let (mut listed, mut not_found) = (0, 0);
        for reading in snapshot.gpus.iter_mut().filter_map(|gpu| gpu.reading.as_mut().ok()) {
            let Reading { processes: Some(processes), processes_unresolved, .. } = reading else {
                continue;
            };
            let mut unresolved = 0;
            for process in processes.iter_mut().filter(|process| process.container.is_none()) {
                match self.find(process, &mut seen) {
                    Some(container) => process.container = container,
                    None => unresolved += 1,
                }
            }
            *processes_unresolved = Some(unresolved);
            listed += processes.len();
            not_found += unresolved;
        }
        self.known = seen;
        self.notice.looked_up(&self.proc, listed, not_found);
    }

    /// The container of a process, if it is in one; nothing if there is no such process.
    fn find(&self, process: &Process, seen: &mut HashMap<u32, Known>) -> Option<Option<String>> {
        // A process that uses eight GPUs is looked up once.
        if let Some(known) = seen.get(&process.pid) {
            return Some(known.container.clone());
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
        Some(container)
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
