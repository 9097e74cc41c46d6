//! Whose the simulated GPUs are: the containers of this host that run simulated engines (`weir-loadtest sim`).

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::container::cgroup;

/// What comes and goes is seen so soon.
const EVERY: Duration = Duration::from_secs(10);

/// The containers that were found, and when.
#[derive(Clone, Debug)]
pub(super) struct Engines {
    proc: PathBuf,
    looked: Option<Instant>,
    containers: Vec<String>,
}

impl Engines {
    /// `proc`: where the host's `/proc` is.
    pub(super) fn below(proc: PathBuf) -> Self {
        Self { proc, looked: None, containers: Vec::new() }
    }

    /// Their ids, the lowest pid first.
    pub(super) fn containers(&mut self, now: Instant) -> &[String] {
        if self.looked.is_none_or(|looked| now.duration_since(looked) >= EVERY) {
            self.looked = Some(now);
            self.containers = find(&self.proc);
        }
        &self.containers
    }
}

fn find(proc: &Path) -> Vec<String> {
    let Ok(entries) = proc.read_dir() else { return Vec::new() };
    let pid = |name: &std::ffi::OsStr| name.to_str()?.parse::<u32>().ok();
    let mut pids: Vec<_> = entries.flatten().filter_map(|entry| pid(&entry.file_name())).collect();
    pids.sort_unstable();
    let mut found: Vec<String> = Vec::new();
    for container in pids.into_iter().filter_map(|pid| container(&proc.join(pid.to_string()))) {
        if !found.contains(&container) {
            found.push(container);
        }
    }
    found
}

/// The container of a process, if it is a simulated engine in one.
fn container(process: &Path) -> Option<String> {
    let command = fs::read(process.join("cmdline")).ok()?;
    let mut words = command.split(|&byte| byte == 0);
    let program = words.next()?.rsplit(|&byte| byte == b'/').next()?;
    if (program, words.next()?) != (b"weir-loadtest".as_slice(), b"sim".as_slice()) {
        return None;
    }
    let text = fs::read_to_string(process.join("cgroup")).ok()?;
    cgroup::container_id(&text).map(str::to_owned)
}
