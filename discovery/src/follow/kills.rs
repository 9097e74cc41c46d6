//! How often the kernel has killed a container for its use of memory: each kill once.
//!
//! Docker says so twice, in an event and in the container's state, in either order; podman only in the state. An
//! event may come again after a connection broke. A death that was seen before the container was followed does
//! not count.

use std::time::{Duration, SystemTime};

use crate::container::State;

/// How far the times of one kill lie apart: the event's, and that of the death.
const TOGETHER: Duration = Duration::from_secs(10);

/// The kills of one container.
#[derive(Clone, Debug, Default)]
pub(super) struct Kills {
    count: u64,
    /// Of the last event.
    last_event: Option<SystemTime>,
    /// Of the last death that its state called a kill.
    last_death: Option<SystemTime>,
    /// A death that was counted before its event came.
    ahead: Option<SystemTime>,
    /// Whether its state has been seen.
    is_known: bool,
}

impl Kills {
    /// How many.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// An event says so.
    pub(super) fn event(&mut self, at: SystemTime) {
        if self.last_event.is_some_and(|last| at <= last) {
            return;
        }
        self.last_event = Some(at);
        match self.ahead.take() {
            Some(death) if apart(at, death) <= TOGETHER => {}
            _ => self.count += 1,
        }
    }

    /// What its state says. `is_new`: it was made after the last full list was read.
    pub(super) fn state(&mut self, state: &State, is_new: bool) {
        let is_first = !std::mem::replace(&mut self.is_known, true);
        let Some(death) = state.finished_at.filter(|_| state.oom_killed) else { return };
        if self.last_death.is_some_and(|last| death <= last) {
            return;
        }
        let before = self.last_death.replace(death);
        if is_first && !is_new {
            return;
        }
        // An event since the death before belongs to this one.
        let is_told = self.last_event.is_some_and(|event| {
            event <= death + TOGETHER
                && before.is_none_or(|before| event > before)
                && state.started_at.is_none_or(|start| start > death || event >= start - TOGETHER)
        });
        if !is_told {
            self.count += 1;
            self.ahead = Some(death);
        }
    }
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other).unwrap_or_else(|negative| negative.duration())
}

#[cfg(test)]
mod tests;
