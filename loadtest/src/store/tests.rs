//! Runs go in and come out; wrong files are left alone.

use std::fs;
use std::thread;

use rusqlite::Connection;
use time::macros::datetime;

use super::sample::{Folder, content, report, second};
use super::{ContentQuery, Imported, Store, StoreError};
use crate::report::{Report, RunStatus};

mod files;

const FIRST: &str = "20261122T140501-3fa9c2";
const SECOND: &str = "20261122T140502-aaaaaa";
const THIRD: &str = "20261123T080000-bbbbbb";

fn store() -> (Folder, Store) {
    let folder = Folder::new();
    let store = Store::open(&folder.file("new/folders/runs.db")).unwrap();
    (folder, store)
}

/// As [`Store::list`] gives it.
fn bare(mut report: Report) -> Report {
    (report.timeline, report.requests, report.contents) = Default::default();
    report
}

#[test]
fn a_run_comes_out_as_it_went_in() {
    let (_folder, store) = store();
    let mut run = report(FIRST);
    run.contents = vec![content(0, "tiny", "Why?", "So.")];
    store.finish(&run).unwrap();
    assert_eq!(store.contents(FIRST, &all()).unwrap(), (1, run.contents.clone()));
    assert_eq!(store.list(9, 0).unwrap(), [bare(run.clone())]);
    run.contents.clear();
    assert_eq!(store.get(FIRST).unwrap(), Some(run));
    assert_eq!((store.get("other").unwrap(), store.count().unwrap()), (None, 1));
}

#[test]
fn a_running_run_is_written_again_and_again() {
    let (_folder, store) = store();
    let mut run = report(FIRST);
    (run.status, run.timeline) = (RunStatus::Running, vec![]);
    store.save(&run).unwrap();
    for at in [1.0, 2.0, 3.0] {
        run.timeline.push(second(at));
        run.summary.sent += 1;
        store.save(&run).unwrap();
    }
    // The last second may have been half of one.
    run.timeline[2].sent = 7;
    store.save(&run).unwrap();
    let kept = store.get(FIRST).unwrap().unwrap();
    assert_eq!((kept.summary.sent, &kept.timeline), (6, &run.timeline));
    assert_eq!(kept.requests, []);

    // A last word that is shorter.
    run.timeline.truncate(1);
    store.finish(&run).unwrap();
    assert_eq!(store.get(FIRST).unwrap(), Some(run));
}

#[test]
fn the_newest_comes_first_page_by_page() {
    let (_folder, store) = store();
    for id in [SECOND, THIRD, FIRST] {
        store.save(&report(id)).unwrap();
    }
    let ids = |limit, offset| {
        let runs = store.list(limit, offset).unwrap();
        runs.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(2, 0), [THIRD, SECOND]);
    assert_eq!(ids(2, 2), [FIRST]);
}

#[test]
fn a_run_is_meant_by_id_beginning_age_or_name() {
    let (_folder, store) = store();
    for (id, name) in [(FIRST, "a"), (SECOND, "b"), (THIRD, "a")] {
        store.save(&Report { name: name.to_owned(), ..report(id) }).unwrap();
    }
    for (wanted, id) in [
        (FIRST, FIRST),
        ("20261123", THIRD),
        ("latest", THIRD),
        ("latest~0", THIRD),
        ("latest~2", FIRST),
        ("a", THIRD),
        ("b", SECOND),
    ] {
        assert_eq!(store.resolve(wanted).unwrap(), id, "{wanted}");
    }
    for wanted in ["latest~3", "latest~x", "", "c", "%", "2026112_"] {
        let error = store.resolve(wanted).unwrap_err();
        assert!(matches!(error, StoreError::NoRun { .. }) && error.is_usage(), "{wanted}: {error}");
    }
    assert_eq!(
        store.resolve("20261122").unwrap_err().to_string(),
        format!(
            "\"20261122\" is the beginning of several ids, such as {SECOND}, {FIRST}: write more of it"
        )
    );
}

fn all() -> ContentQuery {
    ContentQuery { limit: 100, ..ContentQuery::default() }
}

#[test]
fn contents_are_searched_whatever_the_case() {
    let (_folder, store) = store();
    let mut contents = vec![
        content(0, "a", "100 % sure?", "Über allem_"),
        content(1, "b", "100 % sure?", "No"),
        content(2, "a", "1000 sure?", "ja"),
    ];
    contents[2].reasoning = "HM".to_owned();
    store.finish(&Report { contents: contents.clone(), ..report(FIRST) }).unwrap();
    let found = |query: &ContentQuery| {
        let (total, found) = store.contents(FIRST, query).unwrap();
        (total, found.iter().map(|content| content.request).collect::<Vec<_>>())
    };
    let search = |text: &str| found(&ContentQuery { search: text.to_owned(), ..all() });
    assert_eq!(search("SURE"), (3, vec![0, 1, 2]));
    assert_eq!(search("0 % s"), (2, vec![0, 1]));
    assert_eq!(search("über"), (1, vec![0]));
    assert_eq!(search("m_"), (1, vec![0]));
    assert_eq!(search("hm"), (1, vec![2]));
    assert_eq!(search("_"), (1, vec![0]));
    let of_a = ContentQuery { model: Some("a".to_owned()), ..all() };
    assert_eq!(found(&of_a), (2, vec![0, 2]));
    assert_eq!(found(&ContentQuery { offset: 1, limit: 1, ..all() }), (3, vec![1]));

    assert!(store.set_gold(FIRST, 1, true).unwrap());
    assert!(!store.set_gold(FIRST, 9, true).unwrap());
    let gold = ContentQuery { gold_only: true, ..all() };
    assert_eq!(found(&gold), (1, vec![1]));
    // The run is kept once more at its end: what a person marked stays.
    store.finish(&Report { contents, ..report(FIRST) }).unwrap();
    assert_eq!(found(&gold), (1, vec![1]));
    assert!(store.set_gold(FIRST, 1, false).unwrap());
    assert_eq!(found(&gold), (0, vec![]));
    assert_eq!(store.contents(SECOND, &all()).unwrap(), (0, vec![]));
}

#[test]
fn a_removed_run_leaves_nothing() {
    let (_folder, store) = store();
    let run = Report { contents: vec![content(0, "a", "p", "a")], ..report(FIRST) };
    store.finish(&run).unwrap();
    assert!(store.remove(FIRST).unwrap());
    assert!(!store.remove(FIRST).unwrap());
    for table in ["runs", "seconds", "requests", "contents"] {
        let count = format!("select count(*) from {table}");
        let rows: i64 = store.call(|it| it.query_row(&count, [], |row| row.get(0))).unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[test]
fn an_import_never_replaces_a_run() {
    let (_folder, store) = store();
    let run = Report { contents: vec![content(1, "a", "p", "a")], ..report(FIRST) };
    assert_eq!(store.import(&run).unwrap(), Imported::New);
    assert_eq!(store.import(&run).unwrap(), Imported::Known);
    let text = serde_json::to_string(&run).unwrap();
    assert_eq!(store.import(&serde_json::from_str(&text).unwrap()).unwrap(), Imported::Known);
    let mut other = run.clone();
    other.contents[0].answer.push('!');
    let error = store.import(&other).unwrap_err();
    assert!(matches!(&error, StoreError::Different(id) if id == FIRST), "{error}");
    assert_eq!(store.contents(FIRST, &all()).unwrap().1, run.contents);
}

#[test]
fn two_may_write_while_a_third_reads() {
    let folder = Folder::new();
    let path = folder.file("runs.db");
    // Even the file is made by whoever comes first.
    thread::scope(|scope| {
        for id in [FIRST, SECOND] {
            let path = &path;
            scope.spawn(move || {
                let store = Store::open(path).unwrap();
                let mut run = report(id);
                for at in 1..=50 {
                    run.timeline.push(second(f64::from(at)));
                    store.save(&run).unwrap();
                }
                store.finish(&run).unwrap();
            });
        }
        scope.spawn(|| {
            let store = Store::open(&path).unwrap();
            for _ in 0..50 {
                assert!(store.list(10, 0).unwrap().len() <= 2);
                let run = store.get(FIRST).unwrap();
                assert!(run.is_none_or(|run| run.timeline.len() >= 2));
            }
        });
    });
    let store = Store::open(&path).unwrap();
    for id in [FIRST, SECOND] {
        let run = store.get(id).unwrap().unwrap();
        assert_eq!((run.timeline.len(), run.requests.len()), (52, 3));
    }
}

#[test]
fn a_run_that_is_not_written_any_more_is_dead() {
    let now = datetime!(2026-11-22 14:06:16.5 UTC);
    let mut run = Report { status: RunStatus::Running, ..report(FIRST) };
    run.written_at = "2026-11-22T14:06:01.5Z".to_owned();
    assert!(!run.is_stale(now));
    run.written_at = "2026-11-22T14:06:01.4Z".to_owned();
    assert!(run.is_stale(now));
    run.written_at = "2026-11-22T16:06:02+02:00".to_owned();
    assert!(!run.is_stale(now));
    run.written_at = "2999-01-01T00:00:00Z".to_owned();
    assert!(run.is_stale(now));
    run.written_at = "yesterday".to_owned();
    assert!(run.is_stale(now));
    run.status = RunStatus::Finished;
    assert!(!run.is_stale(now));
}
