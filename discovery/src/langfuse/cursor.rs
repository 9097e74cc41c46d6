//! Which window comes next: in order, each sealed once.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::rows::{ModelUsage, Table, generations};
use super::window::{Schedule, Window};

/// Windows that are waited for. Of a longer outage only the newest are caught up with.
pub(super) const MOST_BEHIND: u64 = 288;

/// Where in time a project's poller is.
#[derive(Debug)]
pub(super) struct Cursor {
    schedule: Schedule,
    /// The next to be sealed.
    next: u64,
    /// What is known of those that can be read and not yet sealed.
    early: BTreeMap<u64, Early>,
}

/// What was read of a window before it could be sealed.
#[derive(Debug)]
struct Early {
    /// Which window could not be read yet then.
    unreadable: u64,
    /// How many generations there were at the first reading.
    first: u64,
    /// As of the last one.
    latest: Table<ModelUsage>,
}

impl Cursor {
    /// Begins with the windows that can't be sealed yet: the others were sealed by whoever ran before, or
    /// were missed.
    pub(super) fn new(schedule: Schedule, now: SystemTime) -> Self {
        Self { schedule, next: schedule.unsealable(now), early: BTreeMap::new() }
    }

    /// The last window before the first that will be counted: to be shown, and not to be counted.
    pub(super) fn before(&self) -> Option<Window> {
        self.next.checked_sub(1).map(|index| self.schedule.window(index))
    }

    /// The next window to seal, if it can be sealed.
    pub(super) fn due(&self, now: SystemTime) -> Option<Window> {
        (self.next < self.schedule.unsealable(now)).then(|| self.schedule.window(self.next))
    }

    /// How many windows can be sealed.
    pub(super) fn behind(&self, now: SystemTime) -> u64 {
        self.schedule.unsealable(now).saturating_sub(self.next)
    }

    /// Leaves out windows that have waited for too long; how many.
    pub(super) fn skip_too_old(&mut self, now: SystemTime) -> u64 {
        let skipped = self.behind(now).saturating_sub(MOST_BEHIND);
        self.next += skipped;
        self.early = self.early.split_off(&self.next);
        skipped
    }

    /// Begins anew where the clock went back by so much that nothing of what was sealed can have happened yet: it
    /// was wrong before, and the next window would be years away. Whether it did. After smaller steps it is waited
    /// until the clock is there again, so that nothing counts twice.
    pub(super) fn come_back(&mut self, now: SystemTime) -> bool {
        let is_lost = self.next.saturating_sub(self.schedule.unsealable(now)) > MOST_BEHIND;
        if is_lost {
            *self = Self::new(self.schedule, now);
        }
        is_lost
    }

    /// Goes on behind `window`. What was last read of it before, if it was read before: how many generations
    /// there were at first, and all of it.
    pub(super) fn pass(&mut self, window: Window) -> Option<(u64, Table<ModelUsage>)> {
        self.next = window.index.saturating_add(1);
        let early = self.early.remove(&window.index);
        self.early = self.early.split_off(&self.next);
        early.map(|early| (early.first, early.latest))
    }

    /// A window that can be read and not yet sealed, and that was not read since the last one ended.
    pub(super) fn due_early(&self, now: SystemTime) -> Option<Window> {
        let unreadable = self.schedule.unreadable(now);
        let least = self.next.max(self.schedule.unsealable(now));
        (least..unreadable)
            .find(|index| self.early.get(index).is_none_or(|early| early.unreadable < unreadable))
            .map(|index| self.schedule.window(index))
    }

    /// Keeps what was read of a window before it can be sealed.
    pub(super) fn read_early(
        &mut self,
        window: Window,
        latest: Table<ModelUsage>,
        now: SystemTime,
    ) {
        let unreadable = self.schedule.unreadable(now);
        let known = self.early.get(&window.index).map(|early| early.first);
        let first = known.unwrap_or_else(|| generations(&latest));
        self.early.insert(window.index, Early { unreadable, first, latest });
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    const SCHEDULE: Schedule =
        Schedule { length: Duration::from_secs(10), lag: Duration::from_secs(5), rereads: 1 };

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn index(window: Option<Window>) -> Option<u64> {
        window.map(|window| window.index)
    }

    fn table(generations: u64) -> Table<ModelUsage> {
        let usage = ModelUsage { generations: Some(generations), ..ModelUsage::default() };
        Table { rows: vec![("m".to_owned(), usage)], is_truncated: false }
    }

    #[test]
    fn what_could_be_sealed_before_the_start_is_never_counted() {
        // Window 1 ends at 20, is read at 25 and sealed at 35.
        let cursor = Cursor::new(SCHEDULE, at(35));
        assert_eq!(index(cursor.before()), Some(1));
        assert_eq!(index(cursor.due(at(44))), None);
        assert_eq!(index(cursor.due(at(45))), Some(2));
        assert_eq!(index(Cursor::new(SCHEDULE, at(34)).due(at(35))), Some(1));
        assert!(Cursor::new(SCHEDULE, UNIX_EPOCH).before().is_none());
    }

    #[test]
    fn each_window_is_read_again_when_the_next_has_ended_and_then_sealed() {
        let mut cursor = Cursor::new(SCHEDULE, at(20));
        assert_eq!(index(cursor.due_early(at(24))), Some(0), "not read by anybody before");
        cursor.read_early(SCHEDULE.window(0), table(1), at(24));
        assert_eq!(index(cursor.due_early(at(24))), None);
        assert_eq!(index(cursor.due(at(25))), Some(0));
        assert_eq!(cursor.pass(SCHEDULE.window(0)).map(|(first, _)| first), Some(1));
        assert_eq!(index(cursor.due(at(25))), None);
        assert_eq!(index(cursor.due_early(at(25))), Some(1));
        cursor.read_early(SCHEDULE.window(1), table(2), at(25));
        assert_eq!(index(cursor.due_early(at(34))), None);
        assert_eq!(index(cursor.due(at(35))), Some(1));
        assert_eq!(cursor.pass(SCHEDULE.window(1)), Some((2, table(2))));
    }

    #[test]
    fn the_first_count_stays_and_the_last_rows_replace_the_others() {
        let schedule = Schedule { rereads: 2, ..SCHEDULE };
        let mut cursor = Cursor::new(schedule, at(15));
        cursor.read_early(schedule.window(0), table(3), at(15));
        assert_eq!(index(cursor.due_early(at(24))), None);
        assert_eq!(index(cursor.due_early(at(25))), Some(0));
        cursor.read_early(schedule.window(0), table(5), at(25));
        assert_eq!(index(cursor.due_early(at(25))), Some(1));
        assert_eq!(cursor.pass(schedule.window(0)), Some((3, table(5))));
    }

    #[test]
    fn after_a_long_outage_the_oldest_windows_are_left_out() {
        let mut cursor = Cursor::new(SCHEDULE, at(25));
        let later = at(25 + 10 * (MOST_BEHIND + 12));
        assert_eq!(cursor.behind(later), MOST_BEHIND + 12);
        assert_eq!(cursor.skip_too_old(later), 12);
        assert_eq!((cursor.behind(later), index(cursor.due(later))), (MOST_BEHIND, Some(13)));
        assert_eq!(cursor.skip_too_old(later), 0);
        assert_eq!(cursor.behind(UNIX_EPOCH), 0, "a clock that was set back");
    }

    #[test]
    fn a_clock_that_was_years_ahead_does_not_stop_it_for_years() {
        let mut cursor = Cursor::new(SCHEDULE, at(1_000_000));
        assert!(!cursor.come_back(at(1_000_000 - 10 * MOST_BEHIND)), "a day ahead is waited for");
        assert_eq!(index(cursor.due(at(1_000_000))), None);
        assert!(cursor.come_back(at(55)));
        assert_eq!((index(cursor.before()), index(cursor.due(at(65)))), (Some(3), Some(4)));
    }
}
