//! How soon an engine that does not answer is asked again.

use std::time::Duration;

/// A container that has just been started answers soon, or loads its model for minutes.
const FIRST: Duration = Duration::from_millis(100);
/// An engine that loads is noticed this soon after it is ready.
const CERTAIN: Duration = Duration::from_secs(1);
/// Others are not bothered for long.
const UNCERTAIN: Duration = Duration::from_secs(30);

/// Waits that grow.
#[derive(Debug)]
pub(super) struct Pace {
    next: Duration,
    most: Duration,
}

impl Pace {
    pub(super) fn new(is_certain: bool) -> Self {
        Self { next: FIRST, most: if is_certain { CERTAIN } else { UNCERTAIN } }
    }

    /// It has answered.
    pub(super) fn begin_again(&mut self) {
        self.next = FIRST;
    }

    pub(super) fn next(&mut self) -> Duration {
        let now = self.next;
        self.next = (now * 3 / 2).min(self.most);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound() {
        for (is_certain, most) in [(true, CERTAIN), (false, UNCERTAIN)] {
            let mut pace = Pace::new(is_certain);
            assert_eq!(pace.next(), FIRST);
            let waits: Vec<_> = (0..20).map(|_| pace.next()).collect();
            assert!(waits.is_sorted());
            assert_eq!(waits[19], most);
            pace.begin_again();
            assert_eq!(pace.next(), FIRST);
        }
    }
}
