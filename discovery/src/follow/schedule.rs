//! When which container is asked about: soon after something happened to it, and never too often.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

/// Events come in bursts: made, connected, started.
const DEBOUNCE: Duration = Duration::from_millis(30);
/// Questions about one container that may come close together, and how long until there is one more.
const BURST: u32 = 3;
const REFILL: Duration = Duration::from_millis(500);
/// A question that failed is asked again after this long, then twice as long, up to the next full list.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(32);

/// Questions that are due, or will be.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    due: BTreeSet<(Instant, String)>,
    containers: BTreeMap<String, Turn>,
}

#[derive(Debug)]
struct Turn {
    due: Option<Instant>,
    asked: bool,
    /// Questions that are spent, which come back with time.
    spent: u32,
    since: Instant,
    failures: u32,
}

impl Turn {
    fn new(now: Instant) -> Self {
        Self { due: None, asked: false, spent: 0, since: now, failures: 0 }
    }

    /// When the next question may be asked, counted from the last.
    fn allowed(&mut self, now: Instant) -> Instant {
        while self.spent > 0 && self.since + REFILL <= now {
            self.spent -= 1;
            self.since += REFILL;
        }
        if self.spent == 0 {
            self.since = now;
        }
        if self.spent < BURST { now } else { self.since + REFILL }
    }
}

impl Schedule {
    /// Something happened to a container.
    pub(super) fn happened(&mut self, id: &str, now: Instant) {
        let turn = self.containers.entry(id.to_owned()).or_insert_with(|| Turn::new(now));
        let at = turn.allowed(now).max(now + DEBOUNCE);
        if turn.due.is_none_or(|due| due > at) {
            self.set(id, at);
        }
    }

    /// A full list names it.
    pub(super) fn listed(&mut self, id: &str, now: Instant) {
        self.containers.entry(id.to_owned()).or_insert_with(|| Turn::new(now));
        self.set(id, now);
    }

    /// The question about it has failed.
    pub(super) fn failed(&mut self, id: &str, now: Instant) {
        let Some(turn) = self.containers.get_mut(id) else { return };
        turn.failures = turn.failures.saturating_add(1);
        let wait = FIRST_RETRY.saturating_mul(1 << (turn.failures - 1).min(5)).min(LONGEST_RETRY);
        if turn.due.is_none() {
            self.set(id, now + wait);
        }
    }

    /// It has been answered.
    pub(super) fn answered(&mut self, id: &str) {
        if let Some(turn) = self.containers.get_mut(id) {
            turn.failures = 0;
        }
    }

    /// The container is no more.
    pub(super) fn forget(&mut self, id: &str) {
        if let Some(due) = self.containers.remove(id).and_then(|turn| turn.due) {
            self.due.remove(&(due, id.to_owned()));
        }
    }

    /// A container about which to ask now. One that is being asked about waits for the answer.
    pub(super) fn next(&mut self, now: Instant) -> Option<String> {
        let mut ready = self.due.iter().take_while(|(at, _)| *at <= now);
        let (_, id) =
            ready.find(|(_, id)| self.containers.get(id).is_some_and(|turn| !turn.asked))?;
        let id = id.clone();
        let turn = self.containers.get_mut(&id)?;
        if let Some(due) = turn.due.take() {
            self.due.remove(&(due, id.clone()));
        }
        turn.allowed(now);
        turn.spent = (turn.spent + 1).min(BURST);
        turn.asked = true;
        Some(id)
    }

    /// The question about it is over.
    pub(super) fn done(&mut self, id: &str) {
        if let Some(turn) = self.containers.get_mut(id) {
            turn.asked = false;
        }
    }

    /// When the next question is due, of those that need not wait for an answer.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let mut waiting = self.due.iter();
        let free = |id: &String| self.containers.get(id).is_some_and(|turn| !turn.asked);
        waiting.find(|(_, id)| free(id)).map(|(at, _)| *at)
    }

    /// How many containers could not be asked about.
    pub(super) fn failing(&self) -> usize {
        self.containers.values().filter(|turn| turn.failures > 0).count()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.containers.len()
    }

    /// Whether it is among them.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.containers.contains_key(id)
    }

    /// All of them.
    pub(super) fn ids(&self) -> impl Iterator<Item = &String> {
        self.containers.keys()
    }

    fn set(&mut self, id: &str, at: Instant) {
        let Some(turn) = self.containers.get_mut(id) else { return };
        if let Some(before) = turn.due.replace(at) {
            self.due.remove(&(before, id.to_owned()));
        }
        self.due.insert((at, id.to_owned()));
    }
}

#[cfg(test)]
mod tests;
