//! Two lists of the driver's as one: who is on a GPU, and who used it lately.

use std::collections::BTreeMap;

use crate::snapshot::Process;

/// How far back use is looked for. The driver samples a few times a second, so that a shorter look would
/// take a busy process for an idle one.
const LATELY: u64 = 5_000_000;

/// What a process used, as the driver sampled it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub(super) pid: u32,
    /// Microseconds since 1970.
    pub(super) at: u64,
    /// Percent of SM time.
    pub(super) sm: u32,
}

/// From when on use is asked for, in microseconds since 1970.
pub(super) fn since(now: std::time::SystemTime) -> u64 {
    let now = now.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_micros());
    u64::try_from(now).unwrap_or(u64::MAX).saturating_sub(LATELY)
}

/// `listed`: pids with their memory; a pid that comes twice (with two instances of a GPU) is one process.
/// `used`: nothing if the driver does not tell processes apart. Where it does, it leaves out those that
/// were idle.
pub(super) fn merge(listed: Vec<(u32, Option<u64>)>, used: Option<Vec<Use>>) -> Vec<Process> {
    let used = used.map(latest);
    let mut processes: BTreeMap<u32, Process> = BTreeMap::new();
    for (pid, memory) in listed {
        let sm = used.as_ref().map(|used| used.get(&pid).map_or(0, |used| used.sm));
        let process =
            processes.entry(pid).or_insert_with(|| Process { pid, sm, ..Process::default() });
        process.memory = match (process.memory, memory) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
    }
    processes.into_values().collect()
}

/// By pid. Drivers are known to return entries that were never filled; they show by more than all time.
fn latest(used: Vec<Use>) -> BTreeMap<u32, Use> {
    let mut latest: BTreeMap<u32, Use> = BTreeMap::new();
    for one in used.into_iter().filter(|used| used.sm <= 100) {
        let known = latest.entry(one.pid).or_insert(one);
        if known.at < one.at {
            *known = one;
        }
    }
    latest
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn process(pid: u32, memory: Option<u64>, sm: Option<u32>) -> Process {
        Process { pid, memory, sm, container: None }
    }

    #[test]
    fn a_process_that_was_not_sampled_was_idle_where_samples_are_given_at_all() {
        let listed = vec![(7, Some(10)), (8, None)];
        let used = vec![Use { pid: 7, at: 1, sm: 40 }];
        let known = merge(listed.clone(), Some(used));
        assert_eq!(known, [process(7, Some(10), Some(40)), process(8, None, Some(0))]);
        let unknown = merge(listed, None);
        assert_eq!(unknown, [process(7, Some(10), None), process(8, None, None)]);
    }

    #[test]
    fn the_latest_sample_counts_and_impossible_ones_do_not() {
        let sample = |pid, at, sm| Use { pid, at, sm };
        let used =
            vec![sample(7, 2, 20), sample(7, 3, 30), sample(7, 1, 10), sample(7, 9, 4_000_000)];
        assert_eq!(merge(vec![(7, None)], Some(used)), [process(7, None, Some(30))]);
    }

    #[test]
    fn a_pid_that_comes_twice_is_one_process() {
        let listed = vec![(7, Some(10)), (7, Some(5)), (7, None)];
        assert_eq!(merge(listed, None), [process(7, Some(15), None)]);
    }

    #[test]
    fn a_process_that_is_no_longer_listed_is_left_out() {
        assert_eq!(merge(Vec::new(), Some(vec![Use { pid: 7, at: 1, sm: 40 }])), []);
    }

    #[test]
    fn use_is_asked_for_the_last_seconds() {
        assert_eq!(since(UNIX_EPOCH + Duration::from_secs(60)), 55_000_000);
        assert_eq!(since(UNIX_EPOCH), 0);
    }
}
