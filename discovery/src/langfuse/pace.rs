//! When to look at the server again.

use std::time::Duration;

/// After failures, the longest wait that is our own choice; an interval may be longer.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// The longest wait that a server may ask for: one that is a day off has miscounted, or will say so again.
const LONGEST_ASKED: Duration = Duration::from_secs(60 * 60);

/// The interval while all is well; twice as long after each failure, up to a bound.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    failures: u32,
}

impl Pace {
    pub(super) const fn new(interval: Duration) -> Self {
        Self { interval, failures: 0 }
    }

    /// All went well.
    pub(super) const fn well(&mut self) -> Duration {
        self.failures = 0;
        self.interval
    }

    /// Something failed; `asked` is how long the server wants to be left alone.
    pub(super) fn failed(&mut self, asked: Option<Duration>) -> Duration {
        let doubled = self.interval.saturating_mul(1 << self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        let own = doubled.min(LONGEST.max(self.interval));
        own.max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }
}

#[test]
fn waits_double_up_to_five_minutes_and_a_server_may_ask_for_an_hour() {
    let mut pace = Pace::new(Duration::from_secs(60));
    let waits: Vec<u64> = (0..5).map(|_| pace.failed(None).as_secs()).collect();
    assert_eq!(waits, [60, 120, 240, 300, 300]);
    assert_eq!(pace.failed(Some(Duration::from_secs(900))).as_secs(), 900);
    assert_eq!(pace.failed(Some(Duration::from_secs(86_400))).as_secs(), 3600);
    assert_eq!(pace.well().as_secs(), 60);
    assert_eq!(pace.failed(Some(Duration::from_secs(1))).as_secs(), 60);
    assert_eq!(Pace::new(Duration::from_secs(3600)).failed(None).as_secs(), 3600);
}
