use std::time::UNIX_EPOCH;

use super::*;
use crate::snapshot::{Gpu, GpuError, Identity};

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
    watcher.take_over();
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
    hanging.take_over();
    assert_eq!(hanging.count("GPU-a", 48, at(1)), Some(1), "the next does not listen yet");
    next.take_over();
    assert_eq!(hanging.count("GPU-a", 79, at(1)), None);
    assert_eq!(next.count("GPU-a", 79, at(1)), Some(1));
    assert_eq!(history.xids("GPU-a")[&79].count, 1);
}

#[test]
fn codes_have_a_bound_and_those_known_go_on() {
    let history = history();
    let watcher = history.watcher().unwrap();
    watcher.take_over();
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
fn what_comes_after_a_snapshot_was_taken_is_added_to_it() {
    let history = history();
    let identity = Identity { uuid: "GPU-a".to_owned(), ..Identity::default() };
    let (xids, reading) = (BTreeMap::new(), Err(GpuError::TimedOut));
    let gpus = vec![Gpu { identity, xids, xid_watched: None, reading }];
    let snapshot = Snapshot { taken: UNIX_EPOCH, driver: None, gpus };
    assert!(matches!(history.refreshed(&snapshot), Cow::Borrowed(_)));
    let watcher = history.watcher().unwrap();
    watcher.take_over();
    watcher.count("GPU-a", 119, at(1));
    watcher.set("GPU-a", Ear::Deaf);
    let refreshed = history.refreshed(&snapshot);
    assert_eq!(refreshed.gpus[0].xids[&119].count, 1);
    assert_eq!(refreshed.gpus[0].xid_watched, Some(false));
}

#[test]
fn a_thread_that_hangs_hears_nothing_and_that_is_news_once() {
    let history = history();
    history.begin(["GPU-a", "GPU-b"].into_iter());
    assert_eq!(history.watched("GPU-a"), None, "not known yet");
    history.set("GPU-a", Ear::Hears);
    history.set("GPU-c", Ear::Never);
    assert_eq!((history.watched("GPU-a"), history.hang_is_news()), (Some(true), None));
    let Some(long_ago) = Instant::now().checked_sub(2 * HANGS) else { return };
    history.0.lock().alive = Some(long_ago);
    let watched = ["GPU-a", "GPU-b", "GPU-c", "GPU-d"].map(|uuid| history.watched(uuid));
    assert_eq!(watched, [Some(false), Some(false), None, None]);
    assert_eq!((history.hang_is_news(), history.hang_is_news()), (Some(true), None));
    history.watcher().unwrap().lives();
    assert_eq!((history.hang_is_news(), history.hang_is_news()), (Some(false), None));
}
