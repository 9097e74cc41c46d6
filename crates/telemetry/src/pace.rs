//! How soon a collector that failed is asked again.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// After the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// Longest pause of Weir's own choice.
const LONGEST: Duration = Duration::from_secs(30);
/// Longest that a collector is believed when it asks for patience.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// The pauses between attempts.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    failures: u32,
    /// When the next attempt is due by Weir's own reckoning.
    due: Option<Instant>,
}

impl Pace {
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Twice as long after each failure, and never the same for all who failed at once.
    pub(crate) fn failed(&mut self, now: Instant) {
        let pause = FIRST.saturating_mul(1 << self.failures.min(5)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.due = now.checked_add(pause.mul_f64(0.75 + fastrand::f64() / 4.0));
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }
}

/// What the collector asked for last (`Retry-After`).
#[derive(Debug, Default)]
pub(crate) struct Asked(Mutex<Option<Instant>>);

impl Asked {
    /// `value`: seconds; a date is left to the exporter's own attempts.
    pub(crate) fn note(&self, value: Option<&str>, now: Instant) {
        let seconds = value.and_then(|value| value.trim().parse().ok()).map(Duration::from_secs);
        let until = seconds.and_then(|pause| now.checked_add(pause.min(LONGEST_ASKED)));
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = until;
    }

    pub(crate) fn until(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..50 {
            pace.failed(now);
            pauses.push((pace.due().unwrap() - now).as_secs_f64());
        }
        assert!((0.75..=1.0).contains(&pauses[0]), "{pauses:?}");
        assert!((3.0..=4.0).contains(&pauses[2]), "{pauses:?}");
        assert!(pauses[5..].iter().all(|pause| (22.5..=30.0).contains(pause)), "{pauses:?}");
        pace.succeeded();
        assert_eq!(pace.due(), None);
    }

    #[test]
    fn a_collector_that_asks_for_patience_is_believed_within_reason() {
        let (asked, now) = (Asked::default(), Instant::now());
        asked.note(Some("7"), now);
        assert_eq!(asked.until(), Some(now + Duration::from_secs(7)));
        asked.note(Some("99999999999"), now);
        assert_eq!(asked.until(), Some(now + LONGEST_ASKED));
        for nothing in [None, Some("Fri, 31 Dec 1999 23:59:59 GMT"), Some("-1"), Some("")] {
            asked.note(nothing, now);
            assert_eq!(asked.until(), None);
        }
    }
}
