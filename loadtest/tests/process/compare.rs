//! `compare`: two runs, two targets, gates.

use std::fs;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use weir_sim::{DeadPort, Plan, Upstream};

use crate::runs::{Folder, done, run};
use crate::{DEADLINE, weir_loadtest};

/// An engine whose first token takes so long.
async fn engine(first_token: &str) -> Upstream {
    let plan: Plan = format!("tokens=4,gap=1ms,ttft={first_token}").parse().unwrap();
    Upstream::builder().models(["tiny"]).plan(plan).start().await.unwrap()
}

fn row<'a>(comparison: &'a Value, name: &str) -> &'a Value {
    let rows = comparison["metrics"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap()
}

/// Three rounds of as few requests as there can be.
const BRIEF: [&str; 7] = ["compare", "--rounds", "3", "--concurrency", "2", "--requests", "12"];

#[tokio::test]
async fn a_slower_target_is_seen_and_fails_its_gate() {
    let (fast, slow) = (engine("100ms").await, engine("300ms").await);
    let folder = Folder::new("compare-live");
    let file = folder.file("comparison.json");
    let gates = [
        "--fail-if",
        "time_to_first_token.p50 > 50%",
        "--fail-if",
        "success_rate < -10%",
        "--output",
        &file,
    ];
    let (fast, slow) = ((fast.url(), fast), (slow.url(), slow));
    let (code, stdout, stderr) =
        done(&[&BRIEF[..], &[&fast.0, &slow.0, "--seed", "1"], &gates].concat()).await;
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("--fail-if time_to_first_token.p50 > 50%  MISSED"), "{stdout}");
    assert!(stderr.contains("Round 3 of 3: A "), "{stderr}");
    let comparison: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let first_token = row(&comparison, "time_to_first_token.p50");
    assert_eq!(
        (&first_token["verdict"], &first_token["unit"]),
        (&"worse".into(), &"seconds".into())
    );
    assert!(first_token["interval"][0].as_f64().unwrap() > 0.05, "{first_token}");
    assert_eq!(row(&comparison, "success_rate")["verdict"], "no_difference_seen");
    assert_eq!(comparison["rounds"], 3);
    assert_eq!(comparison["gates"][1]["verdict"], "passed");
    assert_eq!((&comparison["passed"], &comparison["interrupted"]), (&false.into(), &false.into()));
    let unlike = &comparison["differences"][0];
    assert_eq!((&unlike["what"], &unlike["b"]), (&"target".into(), &slow.0.as_str().into()));

    // With a seed both had the same requests, in three rounds of different ones.
    let bodies = |upstream: &Upstream| {
        let requests = upstream.requests();
        let mut bodies: Vec<_> = requests
            .iter()
            .filter(|request| request.body_length > 0)
            .map(|request| request.body.clone())
            .collect();
        bodies.sort();
        bodies
    };
    let (ours, theirs) = (bodies(&fast.1), bodies(&slow.1));
    assert!(ours.len() >= 12 && ours == theirs, "{} and {}", ours.len(), theirs.len());
    assert!(ours.windows(2).all(|pair| pair[0] != pair[1]), "no request was sent twice");

    // The other way around the gate has nothing against it.
    let (code, stdout, stderr) =
        done(&[&BRIEF[..], &[&slow.0, &fast.0, "--strict"], &gates].concat()).await;
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("  better\n"), "{stdout}");
}

#[tokio::test]
async fn one_target_is_as_good_as_itself() {
    let engine = engine("100ms").await;
    let url = engine.url();
    let args = ["--json", "--quiet", "--fail-if", "time_to_first_token.p50 > 200%", "--strict"];
    let (code, stdout, stderr) = done(&[&BRIEF[..], &[&url, &url], &args].concat()).await;
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stderr.contains("--fail-if time_to_first_token.p50 > 200%  passed"), "{stderr}");
    assert!(!stderr.contains("Round 1"), "{stderr}");
    let comparison: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(row(&comparison, "success_rate")["verdict"], "no_difference_seen");
    assert_eq!(comparison["differences"].as_array().unwrap().len(), 0, "{comparison}");
}

#[tokio::test]
async fn two_scenarios_are_compared_on_one_target() {
    let engine = engine("5ms").await;
    let args = ["--target", &engine.url(), "--rounds", "2", "--json"];
    let sides = ["scenario:high-parallelism", "scenario:sequential-workers"];
    let (code, stdout, stderr) = done(&[&["compare"], &args[..], &sides].concat()).await;
    assert_eq!(code, Some(0), "{stderr}");
    let comparison: Value = serde_json::from_str(&stdout).unwrap();
    let names = ["a", "b"].map(|side| comparison[side]["name"].as_str().unwrap().to_owned());
    assert_eq!(names, ["high-parallelism", "sequential-workers"]);
    let differences = comparison["differences"].to_string();
    assert!(differences.contains(r#""a":"50","b":"10","what":"scenario.load.concurrency""#));
    // 50 clients need more than half of the 100 requests that the scenario has.
    let warnings = comparison["warnings"].to_string();
    assert!(warnings.contains("A: 100 requests were asked for, and 100 were sent in each round"));
}

/// A comparison whose first round is done.
async fn begun(sides: [&str; 2]) -> (Child, BufReader<tokio::process::ChildStderr>) {
    let args = ["compare", "--rounds", "1000", "--concurrency", "1", sides[0], sides[1]];
    let mut command = weir_loadtest(&args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    timeout(DEADLINE, stderr.read_line(&mut line)).await.expect("a round").unwrap();
    assert!(line.starts_with("Round 1 of 1000: A "), "{line}");
    (child, stderr)
}

async fn stdout(child: &mut Child) -> String {
    let mut text = String::new();
    timeout(DEADLINE, child.stdout.take().unwrap().read_to_string(&mut text))
        .await
        .unwrap()
        .unwrap();
    text
}

#[tokio::test]
async fn ctrl_c_leaves_the_rounds_that_there_were() {
    let engine = engine("20ms").await;
    let url = engine.url();
    let (mut child, _stderr) = begun([&url, &url]).await;
    let kill = format!("kill -INT {}", child.id().expect("it runs"));
    assert!(Command::new("sh").arg("-c").arg(kill).status().await.unwrap().success());
    let stdout = stdout(&mut child).await;
    assert!(stdout.starts_with("Ended early: these are the rounds"), "{stdout}");
    assert!(stdout.contains("time_to_first_token.p50"), "{stdout}");
    let code = timeout(DEADLINE, child.wait()).await.expect("it ends").unwrap().code();
    assert_eq!(code, Some(130), "{stdout}");
}

#[tokio::test]
async fn a_target_that_goes_away_leaves_the_rounds_that_there_were() {
    let (a, b) = (engine("20ms").await, engine("20ms").await);
    let (mut child, mut stderr) = begun([&a.url(), &b.url()]).await;
    let url = b.url();
    b.stop().await;
    let mut said = String::new();
    timeout(DEADLINE, stderr.read_to_string(&mut said)).await.expect("it ends").unwrap();
    assert!(said.contains(&format!("nobody answers at {url}")), "{said}");
    let stdout = stdout(&mut child).await;
    assert!(stdout.contains("time_to_first_token.p50"), "{stdout}");
    let code = timeout(DEADLINE, child.wait()).await.expect("it ends").unwrap().code();
    assert_eq!(code, Some(3), "{said}");
}

#[tokio::test]
async fn nobody_there_is_said() {
    let (engine, nobody) = (engine("5ms").await, DeadPort::new().unwrap());
    let (code, stdout, stderr) = done(&["compare", &engine.url(), &nobody.url()]).await;
    assert_eq!((code, stdout.as_str()), (Some(3), ""), "{stderr}");
    assert!(stderr.contains(&format!("nobody answers at {}", nobody.url())), "{stderr}");
}

const BEFORE: &str = "20261122T140501-3fa9c2";
const AFTER: &str = "20261122T140502-aaaaaa";

#[tokio::test]
async fn finished_runs_are_compared_from_files_and_the_store() {
    let folder = Folder::new("compare-runs");
    let (store, before) = (folder.file("runs.db"), folder.file("before.json"));
    let after = folder.file("after.json");
    let times =
        |more: u32| (0..200).map(|number| 100 + more + number * 37 % 50).collect::<Vec<_>>();
    fs::write(&before, run(BEFORE, "before", &times(0)).to_string()).unwrap();
    fs::write(&after, run(AFTER, "after", &times(20)).to_string()).unwrap();
    let (code, _, stderr) = done(&["runs", "--store", &store, "import", &before, &after]).await;
    assert_eq!(code, Some(0), "{stderr}");

    let gates = ["--fail-if", "time_to_first_token.p95 > 5%", "--json"];
    let compare = async |a: &str, b: &str| {
        done(&[&["compare", "--store", &store, a, b], &gates[..]].concat()).await
    };
    let (code, from_files, _) = compare(&before, &after).await;
    assert_eq!(code, Some(1));
    let (code, from_store, stderr) = compare("latest~1", "after").await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("Measured at different times"), "{stderr}");
    let [files, stored] = [from_files, from_store].map(|text| {
        let comparison: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(comparison["a"]["id"], BEFORE);
        comparison["metrics"].clone()
    });
    assert_eq!(files, stored);
    let (code, stdout, _) = compare(AFTER, BEFORE).await;
    assert_eq!(code, Some(0), "{stdout}");

    let mut empty = run(AFTER, "empty", &[1]);
    empty["requests"] = Value::Null;
    empty.as_object_mut().unwrap().remove("requests");
    fs::write(&after, empty.to_string()).unwrap();
    let (code, stdout, stderr) = compare(&before, &after).await;
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(
        stderr.contains("B (empty) has no requests to compare: they were not kept"),
        "{stderr}"
    );
}

#[tokio::test]
async fn sides_that_do_not_go_together_are_wrong_arguments() {
    let url = "http://127.0.0.1:1";
    for (args, said) in [
        (&["latest", url][..], "expected two runs, two URLs, or"),
        (&["scenario:quick", "scenario:chat"], "two scenarios need --target"),
        (&[url, url, "--target", url], "--target goes with two of scenario:NAME"),
        (
            &["a.json", "b.json", "--requests", "9"],
            "--requests is for targets that are measured now",
        ),
        (&["/nowhere/a.json", "b.json"], "reading the run in /nowhere/a.json"),
        (&[url, url, "--scenario", "ramp"], "ramp is a ramp, which has no rounds"),
        (&[url, url, "--scenario", "nowhere"], "nowhere"),
        (&[url, url, "--fail-if", "ttft > 5%"], "expected one of time_to_first_token.mean"),
        (&[url, url, "--strict"], "--fail-if"),
        (&[url, url, "--rounds", "1"], "2..=1000"),
        (&[url, "scenario:"], "expected scenario:NAME"),
    ] {
        let (code, _, stderr) = done(&[&["compare"], args].concat()).await;
        assert_eq!(code, Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
}
