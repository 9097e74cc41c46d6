//! What the loop does next: pure, told the time and what has happened.
//!
//! ```text
//!          due             answered in time
//!   Idle ───────► Busy ───────────────────────► Idle until the next tick, or the back-off's end
//!     ▲             │ deadline: GiveUp
//!     │             ▼
//!     └─────────── Stuck
//!       answered too late, or, after the back-off, Abandon
//! ```

use std::time::{Duration, Instant};

use super::Cadence;
use crate::backoff::Backoff;

/// Readers that hang and are left to themselves. With one more that is in use, that is the most threads
/// that a driver which never answers can hold.
pub(super) const MOST_ABANDONED: usize = 3;

/// A source may take this long to open, see [`Cadence::timeout`].
const OPENING: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Plan {
    cadence: Cadence,
    /// Ticks are counted from here.
    start: Instant,
    backoff: Backoff,
    phase: Phase,
    /// The reader in use has an open source.
    open: bool,
    abandoned: usize,
}

#[derive(Debug)]
enum Phase {
    Idle { until: Instant },
    Busy { deadline: Instant, allowed: Duration },
    Stuck { retry: Instant },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask the reader, a new one if there is none.
    Read,
    /// The reader has not answered within this time: what is known is no longer true.
    GiveUp(Duration),
    /// Leave the reader to itself.
    Abandon,
    /// Until then, or until somebody answers.
    Wait(Option<Instant>),
}

impl Plan {
    pub(super) fn new(cadence: Cadence, start: Instant) -> Self {
        let phase = Phase::Idle { until: start };
        Self { cadence, start, backoff: Backoff::new(), phase, open: false, abandoned: 0 }
    }

    /// What to do at `now`. All but `Wait` is said once.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        match self.phase {
            Phase::Idle { until } if now < until => Step::Wait(Some(until)),
            Phase::Idle { .. } => {
                self.phase = self.busy(now);
                Step::Read
            }
            Phase::Busy { deadline, .. } if now < deadline => Step::Wait(Some(deadline)),
            Phase::Busy { allowed, .. } => {
                self.phase = Phase::Stuck { retry: now + self.backoff.wait() };
                Step::GiveUp(allowed)
            }
            Phase::Stuck { .. } if self.abandoned == MOST_ABANDONED => Step::Wait(None),
            Phase::Stuck { retry } if now < retry => Step::Wait(Some(retry)),
            Phase::Stuck { .. } => {
                self.abandoned += 1;
                self.open = false;
                self.phase = Phase::Idle { until: now };
                Step::Abandon
            }
        }
    }

    /// The reader in use has opened its source and goes on to read it.
    pub(super) fn opened(&mut self, now: Instant) {
        self.open = true;
        if let Phase::Busy { .. } = self.phase {
            self.phase = self.busy(now);
        }
    }

    /// The reader in use has answered; false if too late.
    pub(super) fn answered(&mut self, now: Instant, ok: bool) -> bool {
        self.open = ok;
        let until = match self.phase {
            Phase::Busy { .. } if ok => {
                self.backoff.reset();
                self.next_tick(now)
            }
            Phase::Busy { .. } => now + self.backoff.wait(),
            Phase::Stuck { retry } => {
                self.phase = Phase::Idle { until: retry };
                return false;
            }
            Phase::Idle { .. } => return false,
        };
        self.phase = Phase::Idle { until };
        true
    }

    /// The reader in use will open its source anew.
    pub(super) fn closed(&mut self, now: Instant) {
        self.open = false;
        if let Phase::Busy { .. } = self.phase {
            self.phase = self.busy(now);
        }
    }

    /// The driver let go of a reader that was left to itself.
    pub(super) fn abandoned_ended(&mut self) {
        self.abandoned = self.abandoned.saturating_sub(1);
    }

    fn busy(&self, now: Instant) -> Phase {
        let timeout = self.cadence.timeout;
        let allowed = if self.open { timeout } else { timeout.max(OPENING) };
        Phase::Busy { deadline: now + allowed, allowed }
    }

    /// On the grid, so that slow reads do not shift those that follow.
    fn next_tick(&self, now: Instant) -> Instant {
        let interval = self.cadence.interval.max(Duration::from_millis(1));
        let since = now.saturating_duration_since(self.start);
        let into = Duration::from_nanos((since.as_nanos() % interval.as_nanos()) as u64);
        now + (interval - into)
    }
}

#[cfg(test)]
mod tests;
