//! Errors that repeat themselves: so many of a kind in such a time are told, of the others how many
//! there were.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use weir_ledger::Hop;
use weir_wire::OutcomeKind;

/// Errors of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) hop: Hop,
    pub(super) route: String,
    pub(super) outcome: OutcomeKind,
}

/// How many of a kind were not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    pub(super) kind: Kind,
    pub(super) count: u64,
}

/// What was told lately. It holds no more than the kinds of errors of one such time: clients make up
/// neither routes nor outcomes.
pub(super) struct Repeats {
    most: u32,
    time: Duration,
    seen: HashMap<Kind, Seen>,
}

struct Seen {
    /// When the first of those in `told` came.
    since: Instant,
    told: u32,
    left_out: u64,
    /// When the number of those left out was told last, or the first of them came.
    counted_since: Instant,
}

impl Repeats {
    /// At most `most` of a kind in `time`.
    pub(super) fn new(most: u32, time: Duration) -> Self {
        Self { most, time, seen: HashMap::new() }
    }

    /// Whether this one is to be told.
    pub(super) fn tells(&mut self, kind: Kind, now: Instant) -> bool {
        let fresh = Seen { since: now, told: 0, left_out: 0, counted_since: now };
        let seen = self.seen.entry(kind).or_insert(fresh);
        if now.saturating_duration_since(seen.since) >= self.time {
            (seen.since, seen.told) = (now, 0);
        }
        if seen.told < self.most {
            seen.told += 1;
            return true;
        }
        if seen.left_out == 0 {
            seen.counted_since = now;
        }
        seen.left_out += 1;
        false
    }

    /// Those of which it is time to tell how many were left out.
    pub(super) fn due(&mut self, now: Instant) -> Vec<LeftOut> {
        let time = self.time;
        let mut due = Vec::new();
        self.seen.retain(|kind, seen| {
            let is_over = |since: Instant| now.saturating_duration_since(since) >= time;
            if seen.left_out > 0 && is_over(seen.counted_since) {
                due.push(LeftOut { kind: kind.clone(), count: std::mem::take(&mut seen.left_out) });
            }
            seen.left_out > 0 || !is_over(seen.since)
        });
        due
    }

    /// The rest, at the end.
    pub(super) fn rest(&mut self) -> Vec<LeftOut> {
        let left = self.seen.drain().filter(|(_, seen)| seen.left_out > 0);
        left.map(|(kind, seen)| LeftOut { kind, count: seen.left_out }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn kind(route: &str) -> Kind {
        Kind { hop: Hop::Edge, route: route.to_owned(), outcome: OutcomeKind::ConnectFailed }
    }

    #[test]
    fn so_many_are_told_and_the_others_counted() {
        let (mut repeats, began) = (Repeats::new(3, SECOND), Instant::now());
        let mut told = |count: u32, route: &str, now| {
            (0..count).filter(|_| repeats.tells(kind(route), now)).count()
        };
        assert_eq!(told(10, "a", began), 3);
        assert_eq!(told(2, "b", began), 2, "another kind");
        let later = began + SECOND / 2;
        assert_eq!(told(1, "a", later), 0);
        let next = began + SECOND;
        assert_eq!(told(4, "a", next), 3, "as many in the next second");
        assert_eq!(repeats.due(next), [LeftOut { kind: kind("a"), count: 9 }]);
        assert_eq!(repeats.due(next), []);
        assert_eq!(repeats.seen.len(), 1, "b is over");
        assert!(!repeats.tells(kind("a"), next));
        assert_eq!(repeats.due(next), [], "it was told a moment ago");
        assert_eq!(repeats.rest(), [LeftOut { kind: kind("a"), count: 1 }]);
        assert!(repeats.seen.is_empty());
    }

    /// A flood without a pause is told of all the same; nothing is forgotten, nothing told twice.
    #[test]
    fn a_flood_is_counted_to_the_last() {
        let (mut repeats, began) = (Repeats::new(2, SECOND), Instant::now());
        let (mut told, mut left_out) = (0, 0);
        for step in 0..1_000 {
            let now = began + SECOND * step / 100;
            told += u64::from(repeats.tells(kind("a"), now));
            left_out += repeats.due(now).iter().map(|it| it.count).sum::<u64>();
        }
        assert_eq!(told, 20);
        assert!(left_out >= 800, "{left_out}");
        left_out += repeats.rest().iter().map(|it| it.count).sum::<u64>();
        assert_eq!(told + left_out, 1_000);
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let (mut repeats, began) = (Repeats::new(1, SECOND), Instant::now());
        for route in 0..1_000 {
            assert!(repeats.tells(kind(&route.to_string()), began));
        }
        assert_eq!(repeats.due(began + SECOND), []);
        assert!(repeats.seen.is_empty());
    }
}
