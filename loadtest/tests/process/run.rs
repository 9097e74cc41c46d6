//! `run`: what it measures, how it ends, what it leaves behind.

mod faults;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;
use weir_sim::{DeadPort, Plan, Recorded, Upstream};

use crate::{DEADLINE, terminate, weir_loadtest};

/// A folder of a test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-run-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// What came of a run.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn command(target: &str, args: &[&str]) -> Command {
    let mut command = weir_loadtest(&["run", "--target", target, "--proxy", "none"]);
    command.args(args);
    command
}

async fn run(target: &str, args: &[&str]) -> Ended {
    ended(command(target, args).output()).await
}

async fn ended(output: impl Future<Output = std::io::Result<Output>>) -> Ended {
    let Output { status, stdout, stderr } = timeout(DEADLINE, output).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

fn report(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

async fn upstream(plan: &str) -> Upstream {
    let plan: Plan = plan.parse().unwrap();
    Upstream::builder().models(["tiny"]).plan(plan).start().await.unwrap()
}

#[tokio::test]
async fn a_run_measures_what_the_engine_does() {
    let folder = Folder::new("measures");
    let upstream = upstream("tokens=6,prompt=30,ttft=20ms,gap=4ms").await;
    let output = folder.path("run.json");
    let args = ["--requests", "20", "--concurrency", "5", "--warm-up", "3", "--label", "gpu=none"];
    let args = [&args[..], &["--no-store", "--output", &output]].concat();
    let ended = run(&upstream.url(), &args).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("20 requests in"), "{}", ended.stdout);
    assert!(ended.stdout.contains("time to first token"), "{}", ended.stdout);

    let report = report(&output);
    let summary = &report["summary"];
    assert_eq!(report["status"], "finished");
    assert_eq!((&summary["ended"], &summary["outcomes"]["success"]), (&20.into(), &20.into()));
    assert_eq!(summary["output_tokens"]["total"], 120);
    assert_eq!(summary["input_tokens"]["total"], 600);
    let latencies = &summary["latencies"];
    assert_eq!(summary["events"], 120);
    // On a busy machine two events may come at once.
    assert!((1..=100).contains(&latencies["inter_token_latency"]["count"].as_u64().unwrap()));
    assert!(latencies["time_to_first_token"]["min"].as_f64().unwrap() >= 0.019, "{latencies}");
    assert!(latencies["time_per_output_token"]["p50"].as_f64().unwrap() >= 0.002, "{latencies}");
    let requests = report["requests"].as_array().unwrap();
    let numbers: Vec<_> =
        requests.iter().map(|request| request["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
    assert_eq!(report["environment"]["labels"]["gpu"], "none");
    assert_eq!(report["scenario"]["models"][0]["name"], "tiny", "the first that is listed");
    assert!(report["contents"].is_null(), "nothing is kept unless asked for");
    let sent = upstream.requests().iter().filter(|request| request.body_length > 0).count();
    assert_eq!(sent, 23, "the warm-up is sent, and not measured");
}

#[tokio::test]
async fn the_same_seed_sends_the_same() {
    let upstream = upstream("tokens=2").await;
    let mut bodies = Vec::new();
    for seed in ["7", "7", "8"] {
        let before = upstream.requests().len();
        let args = ["--requests", "4", "--concurrency", "1", "--seed", seed, "--no-store"];
        assert_eq!(run(&upstream.url(), &args).await.code, Some(0));
        let requests = upstream.requests().split_off(before);
        let sent: Vec<_> =
            requests.into_iter().map(|request| request.body).filter(|it| !it.is_empty()).collect();
        bodies.push(sent);
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_ne!(bodies[0], bodies[2]);
}

#[tokio::test]
async fn a_missed_objective_is_a_failure() {
    let folder = Folder::new("slo");
    let upstream = upstream("tokens=3,ttft=30ms").await;
    let scenario = |limit: &str| {
        format!("requests = 5\n[slo]\ntime_to_first_token = \"{limit}\"\nshare = 0.9\n")
    };
    for (limit, code, said) in [("1ms", 1, "0 % met the SLO"), ("20s", 0, "100 % met the SLO")] {
        let file = folder.file("slo.toml", &scenario(limit));
        let ended = run(&upstream.url(), &["--scenario", &file, "--no-store"]).await;
        assert_eq!(ended.code, Some(code), "{limit}: {}", ended.stderr);
        assert!(ended.stdout.contains(said), "{limit}: {}", ended.stdout);
    }
}

#[tokio::test]
async fn an_open_loop_does_not_wait_for_a_slow_server() {
    let folder = Folder::new("open");
    let upstream = upstream("tokens=2,ttft=400ms").await;
    let scenario = "requests = 20\ngrace = \"20s\"\n[load]\nkind = \"open\"\nrate = 100\narrivals = \"constant\"\nmax_in_flight = 5\n";
    let file = folder.file("open.toml", scenario);
    let output = folder.path("run.json");
    let ended =
        run(&upstream.url(), &["--scenario", &file, "--no-store", "--output", &output]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report = report(&output);
    let summary = &report["summary"];
    let number = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!(number("sent") + number("not_sent"), 20, "{summary}");
    assert!(
        number("not_sent") >= 10,
        "five at once for 0.4 s, while 20 are wanted in 0.2 s: {summary}"
    );
    assert!(ended.stdout.contains("not sent, since too many were under way"), "{}", ended.stdout);
    assert!(summary["latencies"]["schedule_lag"]["count"].as_u64().unwrap() > 0);
    assert!(report["requests"][0]["scheduled"].as_f64().is_some());
}

#[tokio::test]
async fn a_ramp_is_reported_stage_by_stage() {
    let folder = Folder::new("ramp");
    let upstream = upstream("tokens=2,ttft=10ms").await;
    let scenario = "[load]\nkind = \"stages\"\nstages = [{concurrency = 1, for = \"300ms\"}, {rate = 100.0, for = \"300ms\"}]\n";
    let file = folder.file("ramp.toml", scenario);
    let output = folder.path("run.json");
    let ended =
        run(&upstream.url(), &["--scenario", &file, "--no-store", "--output", &output]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report = report(&output);
    let stages = report["stages"].as_array().unwrap();
    assert_eq!((&stages[0]["concurrency"], &stages[1]["rate"]), (&1.into(), &100.0.into()));
    let ended: u64 = stages.iter().map(|stage| stage["figures"]["ended"].as_u64().unwrap()).sum();
    assert_eq!(report["summary"]["ended"], ended);
    assert!(report["requests"].as_array().unwrap().iter().any(|request| request["stage"] == 1));
}

#[tokio::test]
async fn a_search_finds_the_highest_good_rate() {
    let folder = Folder::new("search");
    let upstream = upstream("tokens=2").await;
    let scenario = |limit: &str| {
        format!(
            "[load]\nkind = \"open\"\nrate = 1.0\n[slo]\ntime_to_first_token = \"{limit}\"\nshare = 0.5\n\
             [search]\nfrom = 20.0\nto = 40.0\nfor = \"300ms\"\n"
        )
    };
    for (limit, code, said) in [
        ("20s", 0, "All rates were good, up to 40.0 requests/s"),
        ("1us", 1, "Not even 20.0 requests/s were good"),
    ] {
        let file = folder.file("search.toml", &scenario(limit));
        let ended = run(&upstream.url(), &["--scenario", &file, "--no-store"]).await;
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        assert!(ended.stdout.contains(said), "{}", ended.stdout);
    }
}

#[tokio::test]
async fn prompts_and_answers_are_kept_when_asked_for() {
    let folder = Folder::new("capture");
    let upstream = upstream("tokens=4").await;
    let output = folder.path("run.json");
    let args = ["--requests", "3", "--capture", "--no-store", "--output", &output];
    assert_eq!(run(&upstream.url(), &args).await.code, Some(0));
    let report = report(&output);
    let contents = report["contents"].as_array().unwrap();
    assert_eq!(contents.len(), 3);
    for content in contents {
        assert!(!content["prompt"].as_str().unwrap().is_empty());
        assert!(!content["answer"].as_str().unwrap().is_empty(), "{content}");
    }
}

#[tokio::test]
async fn two_runs_at_once_share_a_store() {
    let folder = Folder::new("two");
    let upstream = upstream("tokens=3,ttft=20ms").await;
    let store = folder.path("runs.db");
    let args = |name| ["--requests", "40", "--concurrency", "4", "--store", &store, "--name", name];
    let url = upstream.url();
    let (one, other) = (args("one"), args("other"));
    let (one, other) = tokio::join!(run(&url, &one), run(&url, &other));
    assert_eq!((one.code, other.code), (Some(0), Some(0)), "{} {}", one.stderr, other.stderr);
    let listed =
        ended(weir_loadtest(&["runs", "list", "--json", "--store", &store]).output()).await;
    assert_eq!(listed.stdout.matches("\"finished\"").count(), 2, "{}", listed.stdout);
}

#[tokio::test]
async fn progress_goes_to_stderr_and_json_to_stdout() {
    let upstream = upstream("tokens=2").await;
    let args = ["--requests", "2", "--no-store", "--output", "-"];
    let ended = run(&upstream.url(), &args).await;
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["summary"]["ended"], 2);
    assert!(ended.stderr.contains("2 requests in"), "{}", ended.stderr);
    assert!(!ended.stderr.contains('\u{1b}'), "no colours where nobody looks");
}

#[tokio::test]
async fn a_scenario_is_checked_without_a_target() {
    let args = ["--check", "--scenario", "high-parallelism", "--requests", "5000"];
    let ended = run("http://127.0.0.1:1", &args).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("requests = 5000"), "{}", ended.stdout);
}

#[tokio::test]
async fn a_ramp_ends_with_the_requests_that_were_asked_for() {
    let folder = Folder::new("ramp-requests");
    let upstream = upstream("tokens=2").await;
    let scenario = "[load]\nkind = \"stages\"\nstages = [{concurrency = 2, for = \"10m\"}, {concurrency = 1, for = \"10m\"}]\n";
    let file = folder.file("ramp.toml", scenario);
    let output = folder.path("run.json");
    let args = ["--scenario", &file, "--requests", "7", "--no-store", "--output", &output];
    let ended = run(&upstream.url(), &args).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report = report(&output);
    assert_eq!(
        (&report["summary"]["ended"], report["stages"].as_array().unwrap().len()),
        (&7.into(), 1)
    );
}

#[tokio::test]
async fn prompts_of_another_run_are_other_ones_unless_a_seed_is_named() {
    let upstream = upstream("tokens=2").await;
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let before = upstream.requests().len();
        let args = ["--requests", "1", "--concurrency", "1", "--no-store", "--warm-up", "0"];
        assert_eq!(run(&upstream.url(), &args).await.code, Some(0));
        let sent = upstream.requests().split_off(before).pop().unwrap();
        bodies.push(String::from_utf8(sent.body.to_vec()).unwrap());
    }
    assert_ne!(bodies[0], bodies[1], "a prefix cache would know the second one");
}

#[tokio::test]
async fn a_request_that_is_cut_takes_no_time_from_the_others() {
    let folder = Folder::new("cut");
    let upstream = upstream("tokens=2,ttft=5ms").await;
    upstream.push("tokens=9,fault=stall:1".parse().unwrap());
    let scenario =
        "duration = \"1s\"\ngrace = \"4s\"\n[load]\nkind = \"closed\"\nconcurrency = 2\n";
    let file = folder.file("cut.toml", scenario);
    let output = folder.path("run.json");
    let ended =
        run(&upstream.url(), &["--scenario", &file, "--no-store", "--output", &output]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let summary = report(&output)["summary"].clone();
    assert_eq!(summary["cut"], 1);
    let seconds = summary["seconds"].as_f64().unwrap();
    assert!((0.9..3.0).contains(&seconds), "the grace is no part of the load: {seconds}");
}

#[tokio::test]
async fn the_warm_up_is_not_in_the_timeline() {
    let folder = Folder::new("warm");
    let upstream = upstream("tokens=20,ttft=400ms,gap=1ms").await;
    let output = folder.path("run.json");
    let args = ["--requests", "4", "--concurrency", "1", "--warm-up", "9", "--no-store"];
    let ended = run(&upstream.url(), &[&args[..], &["--output", &output]].concat()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report = report(&output);
    let seconds = report["timeline"].as_array().unwrap();
    let events: u64 = seconds.iter().map(|second| second["events"].as_u64().unwrap()).sum();
    assert!((1..=80).contains(&events), "of 80 measured events: {events}");
}

#[tokio::test]
async fn a_run_ends_with_its_last_request_and_waits_for_no_moment_or_pause() {
    let folder = Folder::new("last");
    let upstream = upstream("tokens=2").await;
    for load in [
        "requests = 1\n[load]\nkind = \"open\"\nrate = 0.002\narrivals = \"constant\"\n",
        "requests = 2\n[load]\nkind = \"closed\"\nconcurrency = 2\n[conversation]\nturns = 2\npause = \"10m\"\n",
    ] {
        let file = folder.file("last.toml", load);
        let ended = run(&upstream.url(), &["--scenario", &file, "--no-store"]).await;
        assert_eq!(ended.code, Some(0), "{load}: {}", ended.stderr);
    }
}

#[tokio::test]
async fn what_was_not_sent_did_not_meet_the_objective() {
    let folder = Folder::new("gate");
    let upstream = upstream("tokens=2,ttft=300ms").await;
    let scenario = "requests = 10\n[load]\nkind = \"open\"\nrate = 100\narrivals = \"constant\"\nmax_in_flight = 2\n\
                    [slo]\ntime_to_first_token = \"20s\"\nshare = 0.9\n";
    let file = folder.file("gate.toml", scenario);
    let ended = run(&upstream.url(), &["--scenario", &file, "--no-store"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
}
