//! Says once that none of the GPUs' processes is found, which is mostly a `/proc` that is not the host's, and
//! once that some are found again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tracing::{info, warn};

/// So many reads one after the other make it true: a lone process that the driver still lists may just have
/// ended.
const SETTLED: u8 = 3;

/// Remembers what was said; copies of it are one.
#[derive(Clone, Debug, Default)]
pub struct Notice(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// Reads in a row at which none was found.
    reads: AtomicU8,
}

/// What is to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    NoneFound,
    FoundAgain,
}

impl Notice {
    /// So many processes are listed, and so many of them are not found.
    pub(super) fn looked_up(&self, proc: &Path, listed: usize, not_found: usize) {
        match self.change(listed, not_found) {
            Some(Change::NoneFound) => warn!(
                proc = %proc.display(),
                processes = listed,
                "None of the processes that the driver lists is found, so that no share of a GPU has a \
                 container. In a container, run the exporter with the host's pids (pid: host), or mount \
                 the host's /proc and name it in gpu_exporter.proc."
            ),
            Some(Change::FoundAgain) => {
                info!(proc = %proc.display(), "Processes that the driver lists are found again.");
            }
            None => {}
        }
    }

    /// Without any process nothing is known, and nothing changes.
    fn change(&self, listed: usize, not_found: usize) -> Option<Change> {
        if listed == 0 {
            return None;
        }
        let reads = &self.0.reads;
        if not_found < listed {
            return (reads.swap(0, Ordering::Relaxed) >= SETTLED).then_some(Change::FoundAgain);
        }
        let now = reads.load(Ordering::Relaxed).saturating_add(1);
        reads.store(now.min(SETTLED + 1), Ordering::Relaxed);
        (now == SETTLED).then_some(Change::NoneFound)
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Notice};

    #[test]
    fn each_state_is_said_once() {
        let notice = Notice::default();
        let mut said = Vec::new();
        for read in 0..1_000 {
            // Opened anew now and then, as after an error of the driver's.
            let not_found = if (500..600).contains(&read) { 7 } else { 8 };
            said.extend(notice.clone().change(8, not_found).map(|change| (read, change)));
        }
        let expected =
            [(2, Change::NoneFound), (500, Change::FoundAgain), (602, Change::NoneFound)];
        assert_eq!(said, expected);
    }

    #[test]
    fn one_that_has_just_ended_and_none_at_all_are_no_news() {
        let notice = Notice::default();
        for (listed, not_found) in [(1, 1), (1, 1), (1, 0), (1, 1), (0, 0), (1, 1), (0, 0), (2, 1)]
        {
            assert_eq!(notice.change(listed, not_found), None, "{not_found} of {listed}");
        }
    }
}
