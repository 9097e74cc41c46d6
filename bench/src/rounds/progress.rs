//! How long it will take.

use std::time::Duration;

use crate::cells::Cell;

/// Starting a load and ending it.
const AROUND: Duration = Duration::from_secs(1);
/// Starting a process, opening streams, waiting until they have gone.
const AROUND_MEMORY: Duration = Duration::from_secs(9);

/// Work that is to be done, by how long it should take.
#[derive(Debug, Default)]
pub(super) struct Progress {
    planned: Duration,
    done: Duration,
}

impl Progress {
    /// One more piece of work.
    pub(super) fn plan(&mut self, work: Duration) {
        self.planned += work;
    }

    pub(super) fn done(&mut self, work: Duration) {
        self.done += work;
    }

    /// Until the end, if the rest takes as much longer than planned as what was done in `elapsed`.
    pub(super) fn left(&self, elapsed: Duration) -> Duration {
        let rest = self.planned.saturating_sub(self.done);
        if self.done.is_zero() {
            return rest;
        }
        rest.mul_f64(elapsed.as_secs_f64() / self.done.as_secs_f64())
    }
}

/// How long a round of so many contenders should take.
pub(super) fn round(cell: &Cell, contenders: usize) -> Duration {
    let around = if cell.memory { AROUND_MEMORY } else { AROUND };
    let contenders = u32::try_from(contenders).unwrap_or(u32::MAX);
    (cell.length + around).saturating_mul(contenders)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells;

    fn minutes(cells: &[Cell]) -> f64 {
        let all = cells.iter().map(|cell| round(cell, 8) * cell.rounds);
        all.sum::<Duration>().as_secs_f64() / 60.0
    }

    #[test]
    fn runs_are_not_longer_than_promised() {
        assert!(minutes(&cells::full()) <= 35.0, "{}", minutes(&cells::full()));
        assert!(minutes(&cells::quick()) <= 6.0, "{}", minutes(&cells::quick()));
    }

    #[test]
    fn what_is_left_goes_on_as_it_went() {
        let mut progress = Progress::default();
        progress.plan(Duration::from_secs(100));
        assert_eq!(progress.left(Duration::from_secs(3)), Duration::from_secs(100));
        progress.done(Duration::from_secs(20));
        // It took one and a half times as long.
        assert_eq!(progress.left(Duration::from_secs(30)), Duration::from_secs(120));
        // A round that is repeated.
        progress.plan(Duration::from_secs(20));
        assert_eq!(progress.left(Duration::from_secs(30)), Duration::from_secs(150));
        progress.done(Duration::from_secs(200));
        assert_eq!(progress.left(Duration::from_secs(300)), Duration::ZERO);
    }
}
