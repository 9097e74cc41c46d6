use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::access::Rate;

/// A folder that is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("weir-access-log-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn log(&self) -> PathBuf {
        self.0.join("access.jsonl")
    }

    fn files(&self) -> Vec<String> {
        let files = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _removed = fs::remove_dir_all(&self.0);
    }
}

fn to(path: &Path, max_size: Option<u64>, keep: usize) -> Target {
    Target::new(AccessLogConfig {
        target: LogTarget::File(path.to_owned()),
        sample: 1.0,
        most_errors: Rate::parse("10/second").unwrap(),
        max_size,
        keep,
    })
}

fn write(target: &mut Target, lines: &str, now: Instant) {
    let (written, result) = target.write(lines.as_bytes(), now);
    result.unwrap();
    assert_eq!(written, lines.len());
}

#[test]
fn a_file_is_added_to() {
    let (folder, now) = (Folder::new(), Instant::now());
    fs::write(folder.log(), "before\n").unwrap();
    let mut target = to(&folder.log(), Some(1 << 20), 2);
    write(&mut target, "one\n", now);
    write(&mut target, "two\n", now);
    assert_eq!(fs::read_to_string(folder.log()).unwrap(), "before\none\ntwo\n");
}

#[test]
fn so_many_rotated_files_stay() {
    let (folder, now) = (Folder::new(), Instant::now());
    let mut target = to(&folder.log(), Some(10), 2);
    for number in 0..5 {
        write(&mut target, &format!("line {number}\n"), now);
    }
    assert_eq!(folder.files(), ["access.jsonl", "access.jsonl.1", "access.jsonl.2"]);
    let read = |number| fs::read_to_string(numbered(&folder.log(), number)).unwrap();
    assert_eq!(fs::read_to_string(folder.log()).unwrap(), "line 4\n");
    assert_eq!((read(1), read(2)), ("line 3\n".into(), "line 2\n".into()));
    // What is larger than a file may be is written all the same.
    write(&mut target, "a line that is too long\n", now);
    assert_eq!(fs::read_to_string(folder.log()).unwrap(), "a line that is too long\n");
}

#[test]
fn a_file_that_can_not_be_rotated_grows() {
    let (folder, now) = (Folder::new(), Instant::now());
    // Nothing can take the place of a folder with something in it.
    fs::create_dir_all(numbered(&folder.log(), 1).join("x")).unwrap();
    let mut target = to(&folder.log(), Some(10), 1);
    for _ in 0..5 {
        write(&mut target, "line 0\n", now);
    }
    assert_eq!(fs::read_to_string(folder.log()).unwrap(), "line 0\n".repeat(5));
}

#[test]
fn a_file_that_others_move_or_remove_is_begun_again() {
    let (folder, now) = (Folder::new(), Instant::now());
    let mut target = to(&folder.log(), None, 1);
    write(&mut target, "one\n", now);
    let elsewhere = folder.0.join("moved");
    fs::rename(folder.log(), &elsewhere).unwrap();
    write(&mut target, "two\n", now + LOOK / 2);
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "one\ntwo\n", "nobody looked yet");
    write(&mut target, "three\n", now + LOOK);
    assert_eq!(fs::read_to_string(folder.log()).unwrap(), "three\n");
    fs::remove_file(folder.log()).unwrap();
    write(&mut target, "four\n", now + LOOK * 2);
    assert_eq!(fs::read_to_string(folder.log()).unwrap(), "four\n");
}

#[test]
fn a_line_that_was_torn_is_ended_first() {
    let (folder, now) = (Folder::new(), Instant::now());
    fs::write(folder.log(), "{\"ts\":\"20").unwrap();
    let mut target = to(&folder.log(), Some(1 << 20), 2);
    write(&mut target, "one\n", now);
    write(&mut target, "two\n", now);
    assert_eq!(fs::read_to_string(folder.log()).unwrap(), "{\"ts\":\"20\none\ntwo\n");
}

#[test]
fn a_full_disk_and_a_missing_folder_are_errors_that_pass() {
    let (folder, now) = (Folder::new(), Instant::now());
    let (written, result) = to(Path::new("/dev/full"), Some(1 << 20), 2).write(b"one\n", now);
    assert_eq!((written, result.unwrap_err().kind()), (0, io::ErrorKind::StorageFull));
    let path = folder.0.join("not-there/access.jsonl");
    let mut target = to(&path, None, 1);
    let (written, result) = target.write(b"one\n", now);
    assert_eq!((written, result.unwrap_err().kind()), (0, io::ErrorKind::NotFound));
    fs::create_dir(path.parent().unwrap()).unwrap();
    write(&mut target, "two\n", now);
    assert_eq!(fs::read_to_string(path).unwrap(), "two\n");
}

#[test]
fn only_the_group_may_read_it_besides() {
    let folder = Folder::new();
    write(&mut to(&folder.log(), None, 1), "one\n", Instant::now());
    assert_eq!(fs::metadata(folder.log()).unwrap().mode() & 0o137, 0);
}
