//! Windows of time: aligned to the epoch, so that those of everybody are the same.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How time is cut, and when what is known of a piece is taken for final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Of a window.
    pub length: Duration,
    /// From its end until it is read first: what happens reaches LangFuse's tables late.
    pub lag: Duration,
    /// How often it is read again, each time a length later. It is sealed with the last time.
    pub rereads: u32,
}

/// A window: its start belongs to it, its end does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// How many windows of this length lie between the epoch and this one.
    pub index: u64,
    length: Duration,
}

impl Schedule {
    /// The window with this number.
    pub const fn window(&self, index: u64) -> Window {
        Window { index, length: self.length }
    }

    /// The first window that can't be read yet.
    pub fn unreadable(&self, now: SystemTime) -> u64 {
        self.over(now, self.lag)
    }

    /// The first window that can't be sealed yet.
    pub fn unsealable(&self, now: SystemTime) -> u64 {
        self.over(now, self.lag.saturating_add(self.length.saturating_mul(self.rereads)))
    }

    /// The first window that had not ended this long ago.
    fn over(&self, now: SystemTime, ago: Duration) -> u64 {
        let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = since_epoch.saturating_sub(ago).as_nanos() / self.length.as_nanos().max(1);
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

impl Window {
    /// Its first instant.
    pub fn start(&self) -> SystemTime {
        at(self.index, self.length)
    }

    /// The first instant after it.
    pub fn end(&self) -> SystemTime {
        at(self.index.saturating_add(1), self.length)
    }

    /// From its start to its end.
    pub const fn length(&self) -> Duration {
        self.length
    }
}

fn at(index: u64, length: Duration) -> SystemTime {
    let nanos = u128::from(index).saturating_mul(length.as_nanos());
    let millis = u64::try_from(nanos / 1_000_000).unwrap_or_default();
    UNIX_EPOCH + Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn windows_are_aligned_and_are_read_and_sealed_in_time() {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let schedule = Schedule { length: minutes(5), lag: minutes(5), rereads: 2 };
        let window = schedule.window(7);
        assert_eq!((window.start(), window.end()), (seconds(35 * 60), seconds(40 * 60)));
        assert_eq!(schedule.unreadable(seconds(45 * 60 - 1)), 7);
        assert_eq!(schedule.unreadable(seconds(45 * 60)), 8);
        assert_eq!(schedule.unsealable(seconds(55 * 60 - 1)), 7);
        assert_eq!(schedule.unsealable(seconds(55 * 60)), 8);
        assert_eq!(schedule.unsealable(UNIX_EPOCH), 0);
    }
}
