//! What outlives an initialisation of the driver's library: the XIDs that were counted, and what the log
//! has been told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;

use crate::snapshot::Xid;

/// Threads that wait for events and may hang in the driver, each of an initialisation before.
const MOST_WATCHERS: usize = 4;

/// Codes that are counted of one GPU; there are fewer than 200. A broken driver must not add up to more.
const MOST_CODES: usize = 256;

/// Kept for as long as the exporter runs.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    xids: BTreeMap<String, BTreeMap<u64, Xid>>,
    watchers: usize,
    newest: u64,
    unsupported: BTreeSet<&'static str>,
}

impl History {
    /// Those of a GPU, by code.
    pub(super) fn xids(&self, uuid: &str) -> BTreeMap<u64, Xid> {
        self.0.lock().xids.get(uuid).cloned().unwrap_or_default()
    }

    /// A place for one more thread that waits for events; nothing if too many hang.
    pub(super) fn watcher(self: &Arc<Self>) -> Option<Watcher> {
        let mut inner = self.0.lock();
        if inner.watchers == MOST_WATCHERS {
            return None;
        }
        inner.watchers += 1;
        inner.newest += 1;
        Some(Watcher { history: Arc::clone(self), number: inner.newest })
    }

    /// Whether the log has not been told of exactly these calls that are not supported.
    pub(super) fn is_news(&self, unsupported: BTreeSet<&'static str>) -> bool {
        let mut inner = self.0.lock();
        let news = inner.unsupported != unsupported;
        inner.unsupported = unsupported;
        news
    }
}

/// Who counts events. A source that hangs is left to itself and its watcher lives on, beside that of the
/// next source; the driver tells both, and only the newest counts. The place is free again when it is
/// dropped.
#[derive(Debug)]
pub(super) struct Watcher {
    history: Arc<History>,
    number: u64,
}

impl Watcher {
    /// An event with an XID has come: how many with this code there are now of this GPU, or nothing if it
    /// is not counted.
    pub(super) fn count(&self, uuid: &str, code: u64, at: SystemTime) -> Option<u64> {
        let mut inner = self.history.0.lock();
        if inner.newest != self.number {
            return None;
        }
        let codes = inner.xids.entry(uuid.to_owned()).or_default();
        if codes.len() == MOST_CODES && !codes.contains_key(&code) {
            return None;
        }
        let xid = codes.entry(code).or_insert(Xid { count: 0, last: at });
        *xid = Xid { count: xid.count + 1, last: at };
        Some(xid.count)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.history.0.lock().watchers -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn history() -> Arc<History> {
        Arc::new(History::default())
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn xids_are_counted_by_gpu_and_code_with_the_time_of_the_last() {
        let history = history();
        let watcher = history.watcher().unwrap();
        assert_eq!(watcher.count("GPU-a", 79, at(1)), Some(1));
        assert_eq!(watcher.count("GPU-a", 79, at(3)), Some(2));
        assert_eq!(watcher.count("GPU-a", 48, at(2)), Some(1));
        assert_eq!(watcher.count("GPU-b", 79, at(4)), Some(1));
        let expected = [(48, Xid { count: 1, last: at(2) }), (79, Xid { count: 2, last: at(3) })];
        assert_eq!(history.xids("GPU-a"), BTreeMap::from(expected));
        assert_eq!(history.xids("GPU-b")[&79].count, 1);
        assert!(history.xids("GPU-c").is_empty());
    }

    #[test]
    fn an_event_that_two_watchers_see_is_counted_once() {
        let history = history();
        let (hanging, next) = (history.watcher().unwrap(), history.watcher().unwrap());
        assert_eq!(hanging.count("GPU-a", 79, at(1)), None);
        assert_eq!(next.count("GPU-a", 79, at(1)), Some(1));
        assert_eq!(history.xids("GPU-a")[&79].count, 1);
    }

    #[test]
    fn codes_have_a_bound_and_those_known_go_on() {
        let history = history();
        let watcher = history.watcher().unwrap();
        let counted = (0..10_000).filter_map(|code| watcher.count("GPU-a", code, at(0))).count();
        assert_eq!(counted, MOST_CODES);
        assert_eq!(watcher.count("GPU-a", 0, at(1)), Some(2));
        assert_eq!(history.xids("GPU-a").len(), MOST_CODES);
    }

    #[test]
    fn watchers_have_a_bound_and_one_that_ends_makes_room() {
        let history = history();
        let mut watchers: Vec<_> = std::iter::from_fn(|| history.watcher()).collect();
        assert_eq!(watchers.len(), MOST_WATCHERS);
        watchers.pop();
        assert!(history.watcher().is_some());
    }

    #[test]
    fn the_log_is_told_once_of_what_is_not_supported() {
        let history = history();
        assert!(!history.is_news(BTreeSet::new()));
        assert!(history.is_news(BTreeSet::from(["a"])));
        assert!(!history.is_news(BTreeSet::from(["a"])));
        assert!(history.is_news(BTreeSet::from(["a", "b"])));
    }
}
