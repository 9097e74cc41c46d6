//! When a driver that answers only in part is initialised anew: a GPU that was lost is listened to again
//! only then, and one that was not listed is seen only then. Pure, told the time.

use std::time::{Duration, Instant};

use crate::backoff::Backoff;

/// What is well for so long is mended.
const WELL: Duration = Duration::from_secs(60);

/// How the GPUs were in a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    None,
    /// One can't be asked, or there are none.
    Down,
    /// One can be asked that could not since the driver was initialised.
    Returned,
}

#[derive(Debug)]
pub(super) struct Mend {
    backoff: Backoff,
    next: Option<Instant>,
    troubled: Option<Instant>,
    /// When it was last done for one that returned.
    returned: Option<Instant>,
}

impl Default for Mend {
    fn default() -> Self {
        Self { backoff: Backoff::new(), next: None, troubled: None, returned: None }
    }
}

impl Mend {
    /// Whether to initialise anew at `now`: at once for a GPU that returns, but one that comes and goes all
    /// the time must not keep the others from being read.
    pub(super) fn is_due(&mut self, now: Instant, trouble: Trouble) -> bool {
        let within = |then: Option<Instant>| {
            then.is_some_and(|then| now.saturating_duration_since(then) < WELL)
        };
        if trouble == Trouble::None {
            if !within(self.troubled) {
                *self = Self::default();
            }
            return false;
        }
        self.troubled = Some(now);
        if trouble == Trouble::Returned && !within(self.returned) {
            self.returned = Some(now);
            return true;
        }
        match self.next {
            Some(next) if now < next => false,
            Some(_) => {
                self.next = Some(now + self.backoff.wait());
                true
            }
            None => {
                self.next = Some(now + self.backoff.wait());
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds at which it is due, asked every second.
    fn due(
        mend: &mut Mend,
        start: Instant,
        seconds: std::ops::Range<u64>,
        it: Trouble,
    ) -> Vec<u64> {
        seconds.filter(|at| mend.is_due(start + Duration::from_secs(*at), it)).collect()
    }

    #[test]
    fn while_one_is_down_it_is_due_on_a_back_off() {
        let (mut mend, start) = (Mend::default(), Instant::now());
        assert_eq!(due(&mut mend, start, 0..10, Trouble::None), [0_u64; 0]);
        let down = due(&mut mend, start, 10..200, Trouble::Down);
        assert_eq!(down, [11, 13, 17, 25, 41, 73, 133, 193]);
    }

    #[test]
    fn one_that_returns_makes_it_due_at_once_and_one_that_flaps_does_not() {
        let (mut mend, start) = (Mend::default(), Instant::now());
        due(&mut mend, start, 0..100, Trouble::Down);
        assert_eq!(due(&mut mend, start, 100..101, Trouble::Returned), [100]);
        assert_eq!(due(&mut mend, start, 101..110, Trouble::Returned), [0_u64; 0]);
        assert_eq!(due(&mut mend, start, 110..180, Trouble::Returned), [123, 160]);
    }

    #[test]
    fn what_was_well_for_a_minute_begins_anew() {
        let (mut mend, start) = (Mend::default(), Instant::now());
        due(&mut mend, start, 0..100, Trouble::Down);
        due(&mut mend, start, 100..170, Trouble::None);
        assert_eq!(due(&mut mend, start, 170..174, Trouble::Down), [171, 173]);
    }
}
