//! When requests go out and streams are opened.

use std::cell::Cell;
use std::time::Duration;

/// Streams that are opened in a second at most: proxies connect for each, and none shall be measured at that.
const OPENED_PER_SECOND: u64 = 2_000;

/// Requests at equal distances, which the connections share.
#[derive(Debug)]
pub(super) struct Schedule {
    start: u64,
    per_second: u64,
    next: Cell<u64>,
}

impl Schedule {
    /// `start`: in nanoseconds, as all times here.
    pub(super) fn new(start: u64, per_second: u32) -> Self {
        Self { start, per_second: per_second.into(), next: Cell::new(0) }
    }

    /// When the next request is due, for a connection that is free to send it. Where none was free, that has passed.
    pub(super) fn take(&self) -> u64 {
        let number = self.next.replace(self.next.get() + 1);
        self.start + number * 1_000_000_000 / self.per_second
    }
}

/// How long after the first stream this one is opened. Their events are spread evenly over the interval; where that
/// leaves too little time to open them, every second one (third one, …) is opened an interval later than its place.
pub(super) fn opening(stream: usize, streams: usize, interval: Duration) -> u64 {
    let (stream, streams) = (stream as u64, streams as u64);
    let interval = interval.as_nanos() as u64;
    let needed = streams * 1_000_000_000 / OPENED_PER_SECOND;
    if interval == 0 {
        return stream * needed / streams;
    }
    let turns = needed.div_ceil(interval).max(1);
    stream * interval / streams + stream % turns * interval
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::{Schedule, opening};

    #[test]
    fn requests_are_due_at_equal_distances_without_drift() {
        let schedule = Schedule::new(100, 3);
        let due: Vec<_> = std::iter::repeat_with(|| schedule.take()).take(7).collect();
        let third = 1_000_000_000 / 3;
        assert_eq!(due[..3], [100, 100 + third, 100 + 2 * 1_000_000_000 / 3]);
        assert_eq!(due[6], 100 + 2_000_000_000);
    }

    #[test]
    fn streams_are_spread_evenly_and_opened_no_faster_than_can_be() {
        for (streams, milliseconds) in
            [(1, 5), (20, 5), (100, 5), (1_000, 200), (5_000, 1_000), (3, 1_000)]
        {
            let interval = Duration::from_millis(milliseconds);
            let opened: Vec<_> = (0..streams).map(|one| opening(one, streams, interval)).collect();
            let interval = interval.as_nanos() as u64;
            let places: BTreeSet<_> = opened.iter().map(|at| at % interval).collect();
            let even: BTreeSet<_> =
                (0..streams as u64).map(|one| one * interval / streams as u64).collect();
            assert_eq!(places, even, "{streams} streams");
            let turn = |at: u64| opened.iter().filter(move |one| (at..at + interval).contains(one));
            let most = (0..100).map(|turns| turn(turns * interval).count() as u64).max().unwrap();
            let allowed = 2 * interval / 1_000_000 + 1;
            assert!(most <= allowed, "{most} of {streams} streams in one interval");
        }
    }

    #[test]
    fn streams_without_an_interval_are_opened_one_after_another() {
        let opened = [0, 1, 2].map(|stream| opening(stream, 3, Duration::ZERO));
        assert_eq!(opened, [0, 500_000, 1_000_000]);
    }
}
