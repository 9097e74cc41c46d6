//! How long to wait before connecting again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// 250 ms, 500 ms … 10 s.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { next: FIRST }
    }

    /// For now, and longer the next time.
    pub(super) fn wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        wait
    }

    /// What was tried has worked.
    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }
}

#[test]
fn it_doubles_up_to_ten_seconds_and_begins_anew() {
    let mut backoff = Backoff::new();
    let waits: Vec<u128> = (0..8).map(|_| backoff.wait().as_millis()).collect();
    assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    backoff.reset();
    assert_eq!(backoff.wait(), FIRST);
}
