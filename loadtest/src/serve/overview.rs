//! What is in the store, looked at every two seconds: for metrics and readiness, which may not wait for it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use time::OffsetDateTime;
use tokio::time::{MissedTickBehavior, interval};

use super::runs::Runs;
use crate::store::{States, StoreError};

/// From one look to the next.
const INTERVAL: Duration = Duration::from_secs(2);
/// So many scenarios are told apart; runs of others are of `other`.
const MOST_SCENARIOS: usize = 20;
/// Longer names, in bytes, are of `other`.
const LONGEST_NAME: usize = 64;

/// Every status, so that one that no run has is 0.
const STATUSES: [&str; 4] = ["running", "finished", "interrupted", "failed"];
const RUNNING: &str = "running";
const FAILED: &str = "failed";

/// The store and what was seen of it last.
#[derive(Debug)]
pub(super) struct Overview {
    runs: Runs,
    seen: RwLock<Arc<Seen>>,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    /// An error is why nothing is known, in words.
    pub(super) known: Result<Known, String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Known {
    /// Runs by status; one that has died has failed.
    pub(super) by_status: BTreeMap<&'static str, u64>,
    /// Runs that are under way, by scenario.
    pub(super) running: BTreeMap<String, u64>,
}

impl Overview {
    pub(super) fn new(runs: Runs) -> Self {
        let known = Err("the store was not looked at yet".to_owned());
        Self { runs, seen: RwLock::new(Arc::new(Seen { known })) }
    }

    pub(super) fn get(&self) -> Arc<Seen> {
        Arc::clone(&self.seen.read())
    }

    /// Looks; blocks for as long as the store does.
    pub(super) fn look(&self) {
        let states = self.runs.with(|store| store.states());
        let states = states.map(Option::unwrap_or_default);
        let known = states.map(|states| known(&states, OffsetDateTime::now_utc()));
        let known = known.map_err(|error| in_words(&error));
        let before = self.get();
        if let Err(error) = &known
            && before.known.as_ref().err() != Some(error)
        {
            tracing::warn!(%error, "The store of runs can't be read.");
        }
        *self.seen.write() = Arc::new(Seen { known });
    }

    /// Looks again and again.
    pub(super) async fn keep_looking(self: &Arc<Self>) -> Infallible {
        let mut moments = interval(INTERVAL);
        moments.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            moments.tick().await;
            let overview = Arc::clone(self);
            // It cannot fail but by a panic, and then the next look may do better.
            let _looked = tokio::task::spawn_blocking(move || overview.look()).await;
        }
    }
}

/// An error with what caused it.
pub(super) fn in_words(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn known(states: &States, now: OffsetDateTime) -> Known {
    let count = |status: &str| states.by_status.get(status).copied().unwrap_or_default();
    let mut by_status = BTreeMap::from(STATUSES.map(|status| (status, count(status))));
    let mut running = BTreeMap::new();
    for report in &states.running {
        if report.is_stale(now) {
            for (status, died) in [(RUNNING, -1), (FAILED, 1)] {
                let count = by_status.entry(status).or_insert(0);
                *count = count.saturating_add_signed(died);
            }
            continue;
        }
        let scenario = &report.scenario.name;
        let has_room = running.contains_key(scenario) || running.len() < MOST_SCENARIOS;
        let is_usable = !scenario.is_empty() && scenario.len() <= LONGEST_NAME;
        let scenario = if has_room && is_usable { scenario } else { "other" };
        *running.entry(scenario.to_owned()).or_insert(0) += 1;
    }
    Known { by_status, running }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Report, RunStatus};
    use crate::store::sample;

    fn running(scenario: &str, written_at: &str) -> Report {
        let mut report = sample::report("20261122T140501-3fa9c2");
        report.status = RunStatus::Running;
        report.scenario.name = scenario.to_owned();
        report.written_at = written_at.to_owned();
        report
    }

    fn seen(running: Vec<Report>) -> Known {
        let by_status = [("finished".to_owned(), 7), ("running".to_owned(), running.len() as u64)];
        let now = time::macros::datetime!(2026-11-22 14:10:00 UTC);
        known(&States { by_status: by_status.into(), running }, now)
    }

    #[test]
    fn a_run_that_has_died_has_failed() {
        let (fresh, old) = ("2026-11-22T14:09:59Z", "2026-11-22T13:00:00Z");
        let known = seen(vec![running("quick", fresh), running("quick", old), running("", fresh)]);
        let counts = [("running", 2), ("finished", 7), ("interrupted", 0), ("failed", 1)];
        assert_eq!(known.by_status, counts.into());
        assert_eq!(known.running, [("quick".to_owned(), 1), ("other".to_owned(), 1)].into());
    }

    #[test]
    fn scenarios_have_a_bound() {
        let fresh = "2026-11-22T14:09:59Z";
        let long = running(&"x".repeat(65), fresh);
        let many = (0..30).map(|number| running(&format!("s{number:02}"), fresh));
        let known = seen(many.chain([long]).collect());
        assert_eq!(known.running.len(), MOST_SCENARIOS + 1);
        assert_eq!(known.running["other"], 11);
    }
}
