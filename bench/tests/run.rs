//! A run, and its report, without a proxy: what needs no program of others.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// A folder that is gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("weir-bench-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn results(&self) -> Value {
        serde_json::from_str(&self.read("results.json")).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn command(arguments: &[&str], out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir-bench"));
    command.args(arguments).arg("--out").arg(out);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap()
}

#[test]
fn a_run_leaves_results_and_a_report_that_can_be_made_again() {
    let (first, again) = (Folder::new("run"), Folder::new("again"));
    let arguments =
        ["run", "--quick", "--only", "paced-5ms-1", "--rounds", "1", "--contenders", "direct"];
    let output = command(&arguments, &first.0).output().unwrap();
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("\npaced-5ms-1, round 1: ") && text.contains("### Targets"), "{text}");
    let results = first.results();
    // Where the hypervisor took too much of it, it was repeated once, and perhaps dropped again.
    let samples = results["samples"].as_array().unwrap();
    let dropped = results["dropped"].as_array().unwrap();
    assert!(samples.len() == 1 || dropped.len() == 2, "{results:#}");
    for sample in samples {
        assert!(sample["events"].as_u64().unwrap() > 0, "{results:#}");
        assert_eq!((&sample["contender"], &sample["errors"]), (&"direct".into(), &0.into()));
        let spent = ["generator_cpu_seconds", "upstream_cpu_seconds"];
        assert!(spent.iter().all(|who| sample[who].as_f64().unwrap() > 0.0), "{results:#}");
        assert!(sample["delay"]["p50"].is_f64() && sample["latency"].is_null(), "{results:#}");
    }
    assert!(first.read("report.md").contains("#### 1 stream of an event every 5 ms\n"));
    let results = first.0.join("results.json");
    let output = command(&["report", results.to_str().unwrap()], &again.0).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    for name in ["results.json", "report.md", "plot.svg"] {
        assert_eq!(again.read(name), first.read(name), "{name}");
    }
}

#[test]
fn a_run_that_is_interrupted_reports_what_there_was() {
    let folder = Folder::new("interrupted");
    let mut command = command(&["run", "--quick", "--contenders", "direct"], &folder.0);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("json-1k-saturated, round 1: "), "{line}");
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(folder.read("report.md").contains("The run was ended before "));
    let results = folder.results();
    let samples = results["samples"].as_array().unwrap().len();
    let dropped = results["dropped"].as_array().unwrap().len();
    assert!(samples + dropped > 0, "{results:#}");
}

#[test]
fn a_run_without_weir_is_not_begun() {
    let folder = Folder::new("without");
    let programs = folder.0.to_str().unwrap();
    let arguments = ["run", "--quick", "--contenders", "weir", "--programs", programs];
    let output = command(&arguments, &folder.0).output().unwrap();
    let text = said(&output);
    assert!(!output.status.success(), "{text}");
    assert!(text.contains("weir is absent: there is no program"), "{text}");
    assert!(!folder.0.join("results.json").exists());
}
