use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{EVERY, Engines};

const FIRST: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const SECOND: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A `/proc` of our own; gone when it is dropped.
struct Proc(PathBuf);

impl Drop for Proc {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn process(proc: &Path, pid: u32, command: &[&str], cgroup: &str) {
    let folder = proc.join(pid.to_string());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("cmdline"), command.join("\0")).unwrap();
    fs::write(folder.join("cgroup"), format!("0::{cgroup}\n")).unwrap();
}

#[test]
fn containers_that_run_simulated_engines_are_found() {
    let name = format!("weir-simulated-engines-{}", std::process::id());
    let folder = Proc(std::env::temp_dir().join(name));
    let proc = folder.0.as_path();
    let sim = ["/usr/local/bin/weir-loadtest", "sim", "--listen", "0.0.0.0:8000"];
    process(proc, 200, &sim, &format!("/docker/{SECOND}"));
    process(proc, 30, &sim, &format!("/docker/{FIRST}"));
    process(proc, 31, &sim, &format!("/docker/{FIRST}"));
    process(proc, 32, &["weir-loadtest", "traffic"], &format!("/docker/{}", "c".repeat(64)));
    process(proc, 33, &["weir-loadtest"], &format!("/docker/{}", "d".repeat(64)));
    process(proc, 34, &sim, "/user.slice");
    let mut engines = Engines::below(proc.to_owned());
    let start = Instant::now();
    assert_eq!(engines.containers(start), [FIRST, SECOND]);

    fs::remove_dir_all(proc.join("200")).unwrap();
    assert_eq!(engines.containers(start + EVERY - Duration::from_millis(1)).len(), 2);
    assert_eq!(engines.containers(start + EVERY), [FIRST]);
}

#[test]
fn without_a_proc_there_are_none() {
    assert!(Engines::below("/nowhere".into()).containers(Instant::now()).is_empty());
}
