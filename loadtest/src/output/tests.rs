use super::*;
use crate::report::{Report, RunStatus};

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("weir-output-{name}-{}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    path
}

fn report() -> Report {
    Report { status: RunStatus::Finished, ..crate::report::samples::report("r1") }
}

#[test]
fn a_report_takes_the_place_of_the_old_one_when_it_is_whole() {
    let folder = folder("whole");
    let path = folder.join("run.json");
    fs::write(&path, "old").unwrap();
    let output = Output::open(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"old");
    output.write(&report()).unwrap();
    drop(output);
    let written: Report = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(written, report());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else stays");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_run_that_comes_to_nothing_leaves_the_old_one() {
    let folder = folder("nothing");
    let path = folder.join("run.json");
    fs::write(&path, "old").unwrap();
    drop(Output::open(&path).unwrap());
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_full_disk_is_said() {
    let output = Output::open(Path::new("/dev/full")).unwrap();
    let error = output.write(&report()).unwrap_err();
    assert_eq!(error.to_string(), "writing the report to /dev/full");
    assert_eq!(error.source.kind(), io::ErrorKind::StorageFull);
    assert!(Output::open(Path::new("/nowhere/run.json")).is_err());
}

/// A reader leaves when the pipe has been closed once; whoever opens it again waits forever.
#[test]
fn a_pipe_is_opened_only_once() {
    let path = std::env::temp_dir().join(format!("weir-output-pipe-{}", std::process::id()));
    let _old = fs::remove_file(&path);
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let from = path.clone();
    let reader = std::thread::spawn(move || fs::read_to_string(from).unwrap());
    let output = Output::open(&path).unwrap();
    output.write(&[1, 2]).unwrap();
    drop(output);
    fs::remove_file(&path).unwrap();
    assert_eq!(reader.join().unwrap(), "[1,2]\n");
}
