//! `run`: what it measures, how it ends, what it leaves behind.

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
async fn nobody_there_has_a_code_of_its_own() {
    let place = DeadPort::new().unwrap();
    let ended = run(&place.url(), &["--no-store"]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("nobody answers at http://127.0.0.1:"), "{}", ended.stderr);
    assert!(ended.stderr.contains("refused"), "{}", ended.stderr);
}

#[tokio::test]
async fn failures_are_counted_by_outcome_and_do_not_end_a_run() {
    let folder = Folder::new("failures");
    let upstream = upstream("tokens=3").await;
    for n in 0..20 {
        let plan = if n % 2 == 0 { "tokens=3,fault=status:503" } else { "tokens=3" };
        upstream.push(plan.parse().unwrap());
    }
    let output = folder.path("run.json");
    let args = ["--requests", "20", "--concurrency", "4", "--no-store", "--warm-up", "0"];
    let ended = run(&upstream.url(), &[&args[..], &["--output", &output]].concat()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("10 overloaded"), "{}", ended.stdout);
    let summary = report(&output)["summary"].clone();
    assert_eq!(
        (&summary["outcomes"]["success"], &summary["outcomes"]["overloaded"]),
        (&10.into(), &10.into())
    );
    assert_eq!(summary["success_rate"], 0.5);
    assert_eq!(summary["latencies"]["duration"]["count"], 10, "latencies are those of successes");
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
async fn answers_that_never_end_are_given_up() {
    let upstream = upstream("tokens=9,fault=stall:2").await;
    let args = [
        "--requests",
        "4",
        "--concurrency",
        "4",
        "--timeout",
        "300ms",
        "--no-store",
        "--warm-up",
        "0",
    ];
    let ended = run(&upstream.url(), &args).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.contains("4 upstream_timeout"), "{}", ended.stdout);
}

#[tokio::test]
async fn ctrl_c_ends_a_run_with_what_there_is() {
    let folder = Folder::new("interrupted");
    let upstream = upstream("tokens=3,ttft=5ms").await;
    let (output, store) = (folder.path("run.json"), folder.path("runs.db"));
    let args = ["--duration", "10m", "--concurrency", "2", "--output", &output, "--store", &store];
    let mut command = command(&upstream.url(), &args);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    upstream
        .wait_for(
            |all| all.iter().filter(|it| it.finished()).count() > 10,
            DEADLINE,
            "a few requests",
        )
        .await;
    assert_eq!(terminate(child).await, Some(130));
    let report = report(&output);
    assert_eq!(report["status"], "interrupted");
    assert!(report["summary"]["ended"].as_u64().unwrap() > 5, "{}", report["summary"]);
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
async fn a_damaged_store_is_said_and_left_alone() {
    let folder = Folder::new("damaged");
    let upstream = upstream("tokens=2").await;
    let store = folder.file("runs.db", "this is no database, and somebody may want it back");
    let ended = run(&upstream.url(), &["--requests", "2", "--store", &store]).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("runs.db"), "{}", ended.stderr);
    let text = std::fs::read_to_string(Path::new(&store)).unwrap();
    assert_eq!(text, "this is no database, and somebody may want it back");
    let sent = |request: &Recorded| request.body_length > 0;
    assert!(!upstream.requests().iter().any(sent), "nothing is measured in vain");
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
async fn a_full_disk_takes_nothing_from_what_is_shown() {
    let upstream = upstream("tokens=2").await;
    let args = ["--requests", "3", "--no-store", "--output", "/dev/full"];
    let ended = run(&upstream.url(), &args).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.contains("3 requests in"), "{}", ended.stdout);
    assert!(
        ended.stderr.contains("/dev/full") && ended.stderr.contains("No space left"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn wrong_arguments_are_said_before_anything_is_sent() {
    let folder = Folder::new("wrong");
    let unknown = folder.file("unknown.toml", "requests = 5\nconcurency = 3\n");
    for (args, said) in [
        (&["--scenario", "no-such"][..], "high-parallelism"),
        (&["--scenario", &unknown], "concurency"),
        (&["--requests", "0"], "--requests"),
        (&["--duration", "20"], "--duration"),
        (&["--rate", "5", "--concurrency", "2"], "--concurrency"),
        (&["--key-file", "/nowhere"], "/nowhere"),
        (&["--output", "/nowhere/run.json"], "/nowhere/run.json"),
        (&["--label", "gpu"], "KEY=VALUE"),
    ] {
        let ended = run("http://127.0.0.1:1", args).await;
        assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{args:?}: {}", ended.stderr);
    }
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

#[tokio::test]
async fn a_run_without_a_success_has_failed() {
    let upstream = upstream("tokens=2,fault=status:500").await;
    let ended = run(&upstream.url(), &["--requests", "4", "--no-store"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.contains("failed: no request succeeded"), "{}", ended.stdout);
    assert!(ended.stdout.contains("4 upstream_error"), "{}", ended.stdout);
}

/// Somebody who answers every connection with these bytes; `more`, over and over.
async fn somebody(answer: &'static [u8], more: &'static [u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _read = connection.read(&mut [0; 4096]).await;
                let _written = connection.write_all(answer).await;
                while !more.is_empty() && connection.write_all(more).await.is_ok() {}
                // Until the client goes.
                while connection.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn an_endless_list_of_models_is_not_read_to_its_end() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[";
    let target = somebody(head, &[b' '; 1 << 16]).await;
    let ended = run(&target, &["--no-store"]).await;
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("longer than 1024 KiB"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_target_that_says_nothing_can_be_left_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let mut command = command(&target, &["--no-store"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _asked = timeout(DEADLINE, listener.accept()).await.unwrap().unwrap();
    // Not after the patience with which it waits for an answer, which would be code 3.
    assert_eq!(terminate(child).await, Some(130));
}

#[tokio::test]
async fn answers_without_content_are_said() {
    let nothing = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    let target = somebody(nothing, b"").await;
    let args = ["--requests", "3", "--model", "tiny", "--no-store"];
    let ended = run(&target, &args).await;
    assert!(ended.stdout.contains("3 successes had no content"), "{}", ended.stdout);
}
