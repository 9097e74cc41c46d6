//! Files that are no store, or are one no more: said, and left as they are.

use std::path::Path;

use super::{Connection, FIRST, Folder, SECOND, Store, StoreError, fs, report, thread};

/// What [`Store::open`] says; the file is then as before.
fn refused(path: &Path) -> String {
    let before = fs::read(path).ok();
    let error = Store::open(path).unwrap_err();
    assert_eq!(fs::read(path).ok(), before);
    error.to_string()
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let folder = Folder::new();
    let path = folder.file("notes.txt");
    for text in ["x".to_owned(), "x".repeat(511), "x".repeat(512), "Some notes. ".repeat(1000)] {
        fs::write(&path, text).unwrap();
        assert!(refused(&path).contains("notes.txt is no SQLite database; it was left as it is"));
    }
    let path = folder.file("other.db");
    Connection::open(&path).unwrap().execute_batch("create table t (a)").unwrap();
    assert!(refused(&path).contains("is a database of another program"));
    let path = folder.file("marked.db");
    Connection::open(&path).unwrap().pragma_update(None, "application_id", 7).unwrap();
    assert!(refused(&path).contains("is a database of another program"));
    // Nobody's: a file that somebody made for us.
    let path = folder.file("empty.db");
    fs::write(&path, "").unwrap();
    Store::open(&path).unwrap().save(&report(FIRST)).unwrap();
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let folder = Folder::new();
    let path = folder.file("runs.db");
    drop(Store::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    assert!(
        refused(&path).contains("written by a newer weir-loadtest (its schema is 2, known is 1)")
    );
    Connection::open(&path).unwrap().pragma_update(None, "user_version", -1).unwrap();
    assert!(refused(&path).contains("is damaged (its schema number is -1"));
}

#[test]
fn places_that_are_no_file_are_named() {
    let folder = Folder::new();
    assert!(refused(&folder.0).contains("is a folder: name a file in it"));
    assert!(refused(Path::new("/dev/null")).contains("no file, but a pipe or a device"));
    let file = folder.file("file");
    fs::write(&file, "").unwrap();
    assert!(refused(&file.join("runs.db")).contains("making the store"));
    assert!(refused(Path::new("/proc/weir/runs.db")).contains("making the store /proc/weir"));
    let missing = Store::open_existing(&folder.file("missing.db")).unwrap_err();
    assert!(missing.to_string().contains("there is no store"), "{missing}");
    assert!(!folder.file("missing.db").exists());
}

#[test]
fn only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let path = folder.file("runs.db");
    drop(Store::open(&path).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn damage_is_said() {
    let folder = Folder::new();
    let path = folder.file("runs.db");
    drop({
        let store = Store::open(&path).unwrap();
        for at in 0..60 {
            store
                .finish(&report(
                    &format!("202611221405{at:02}-aaaaaa").replacen("1122", "1122T", 1),
                ))
                .unwrap();
        }
        store
    });
    let sound = fs::read(&path).unwrap();
    // The tables, not the header.
    let mut damaged = sound.clone();
    damaged[4096..].iter_mut().for_each(|byte| *byte = 0xa5);
    fs::write(&path, &damaged).unwrap();
    let said = refused(&path);
    assert!(said.contains("runs.db is damaged (") && said.contains(".recover"), "{said}");
    // Its end is missing.
    fs::write(&path, &sound[..sound.len() / 2]).unwrap();
    let said = refused(&path);
    assert!(said.contains("is damaged ("), "{said}");
    // A row that is no report.
    fs::write(&path, &sound).unwrap();
    let store = Store::open(&path).unwrap();
    store.call(|it| it.execute("update runs set report = '{}'", [])).unwrap();
    let said = store.list(1, 0).unwrap_err().to_string();
    assert!(said.contains("is damaged (missing field"), "{said}");
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let folder = Folder::new();
    let path = folder.file("runs.db");
    let store = Store::open(&path).unwrap();
    store.finish(&report(FIRST)).unwrap();
    let pages: i64 =
        store.call(|it| it.pragma_query_value(None, "page_count", |row| row.get(0))).unwrap();
    let most = |pages: i64| {
        store.call(|it| it.query_row(&format!("pragma max_page_count = {pages}"), [], |_| Ok(())))
    };
    most(pages + 1).unwrap();
    let mut large = report(SECOND);
    large.requests = (0..2000).map(super::super::sample::request).collect();
    let error = store.finish(&large).unwrap_err();
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert!(error.to_string().contains("is full: nothing of this was kept"), "{error}");

    assert_eq!(store.get(FIRST).unwrap(), Some(report(FIRST)));
    assert_eq!(store.get(SECOND).unwrap(), None);
    let sound: String =
        store.call(|it| it.query_row("pragma quick_check", [], |row| row.get(0))).unwrap();
    assert_eq!(sound, "ok");
    most(1 << 20).unwrap();
    store.finish(&large).unwrap();
}

#[test]
fn a_store_that_somebody_holds_is_waited_for() {
    let folder = Folder::new();
    let path = folder.file("runs.db");
    let store = Store::open(&path).unwrap();
    let held = Connection::open(&path).unwrap();
    held.execute_batch("begin immediate").unwrap();
    thread::scope(|scope| {
        let saved = scope.spawn(|| store.save(&report(FIRST)));
        held.execute_batch("commit").unwrap();
        saved.join().unwrap().unwrap();
    });
    store.call(|it| it.busy_timeout(std::time::Duration::ZERO)).unwrap();
    held.execute_batch("begin immediate").unwrap();
    let error = store.save(&report(FIRST)).unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error}");
}
