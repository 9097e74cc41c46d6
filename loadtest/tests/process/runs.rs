//! `runs`: the store by hand.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::timeout;

use crate::{DEADLINE, weir_loadtest};

/// A folder of a test's own, removed with its test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// What it came to: exit code, stdout, stderr.
pub(crate) async fn done(args: &[&str]) -> (Option<i32>, String, String) {
    let run = weir_loadtest(args).output();
    let Output { status, stdout, stderr } =
        timeout(DEADLINE, run).await.expect("it ends").expect("it starts");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// A finished run as `run --output` writes it, whose times to first token are `first_tokens` ms.
pub(crate) fn run(id: &str, name: &str, first_tokens: &[u32]) -> Value {
    let requests: Vec<_> = first_tokens
        .iter()
        .enumerate()
        .map(|(number, first_token)| {
            let first_token = f64::from(*first_token) / 1e3;
            json!({
                "number": number, "at": 0.1, "model": "tiny", "streamed": true, "outcome": "success",
                "duration": first_token + 0.2, "time_to_first_token": first_token, "events": 8,
            })
        })
        .collect();
    let scenario = json!({"name": "quick", "models": [{"name": "tiny", "weight": 1.0}]});
    json!({
        "schema": 1, "id": id, "name": name, "status": "finished",
        "started_at": "2026-11-22T14:05:01.000Z", "ended_at": "2026-11-22T14:06:01.000Z",
        "written_at": "2026-11-22T14:06:01.000Z", "target": "http://127.0.0.1:9800",
        "scenario": scenario, "environment": {"weir_version": "0.1.0"},
        "summary": {
            "seconds": 60.0, "sent": requests.len(), "ended": requests.len(), "cut": 0, "not_sent": 0,
            "outcomes": {"success": requests.len()}, "success_rate": 1.0,
            "requests_per_second": 5.0, "successes_per_second": 5.0, "events": 8, "latencies": {},
        },
        "tester": {}, "requests": requests,
        "contents": [{
            "request": 0, "model": "tiny", "prompt_number": 0, "prompt": "Why?", "answer": "So.",
            "turn": 0, "cut": false, "gold": false,
        }],
    })
}

const FIRST: &str = "20261122T140501-3fa9c2";
const SECOND: &str = "20261122T140502-aaaaaa";

#[tokio::test]
async fn runs_go_in_are_looked_at_and_go_out() {
    let folder = Folder::new("runs");
    let (store, one, two) = (folder.file("runs.db"), folder.file("1.json"), folder.file("2.json"));
    fs::write(&one, run(FIRST, "before", &[100, 120]).to_string()).unwrap();
    fs::write(&two, run(SECOND, "after", &[90, 91]).to_string()).unwrap();
    let runs = async |args: &[&str]| done(&[&["runs", "--store", &store], args].concat()).await;

    let (code, _, stderr) = runs(&["list"]).await;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("there is no store"), "{stderr}");
    let (code, stdout, _) = runs(&["import", &one, &two]).await;
    assert_eq!(code, Some(0));
    assert_eq!(stdout, format!("{FIRST} is kept now.\n{SECOND} is kept now.\n"));
    let (_, stdout, _) = runs(&["import", &one]).await;
    assert_eq!(stdout, format!("{FIRST} was there already.\n"));

    let (_, stdout, _) = runs(&["list"]).await;
    let lines: Vec<_> = stdout.lines().collect();
    assert!(lines[1].starts_with(SECOND) && lines[2].starts_with(FIRST), "{stdout}");
    let (_, stdout, _) = runs(&["list", "--limit", "1", "--json"]).await;
    let listed: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&listed[0]["name"], &listed[1]), (&json!("after"), &Value::Null));
    let (_, stdout, _) = runs(&["show", "before"]).await;
    assert!(stdout.contains(FIRST), "{stdout}");
    let (_, stdout, _) = runs(&["show", "latest", "--json"]).await;
    let shown: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&shown["id"], &shown["requests"]), (&json!(SECOND), &Value::Null));

    // Without contents, unless they are wanted.
    let (_, stdout, _) = runs(&["export", "before"]).await;
    let exported: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(exported["requests"].as_array().unwrap().len(), 2);
    assert_eq!(exported["contents"], Value::Null);
    let out = folder.file("out.json");
    let (code, stdout, _) = runs(&["export", FIRST, "--contents", "--output", &out]).await;
    assert_eq!((code, stdout.as_str()), (Some(0), ""));
    let exported: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert_eq!(exported["contents"][0]["answer"], "So.");
    let (_, stdout, _) = runs(&["import", &out]).await;
    assert_eq!(stdout, format!("{FIRST} was there already.\n"));

    let (code, stdout, _) = runs(&["remove", "before"]).await;
    assert_eq!((code, stdout), (Some(0), format!("{FIRST} is removed.\n")));
    let (code, _, stderr) = runs(&["show", "before"]).await;
    assert_eq!(code, Some(2));
    assert!(stderr.contains("no run is \"before\": expected an id"), "{stderr}");
}

#[tokio::test]
async fn what_cannot_be_kept_is_said() {
    let folder = Folder::new("runs-wrong");
    let (store, file) = (folder.file("runs.db"), folder.file("1.json"));
    let runs = async |args: &[&str]| done(&[&["runs", "--store", &store], args].concat()).await;

    fs::write(&file, "{\"schema\": 2}").unwrap();
    let (code, _, stderr) = runs(&["import", &file]).await;
    assert_eq!(code, Some(2));
    assert!(stderr.contains("was written by a newer weir-loadtest"), "{stderr}");
    assert!(!fs::exists(&store).unwrap(), "nothing was to be kept");

    fs::write(&file, run(FIRST, "a", &[1]).to_string()).unwrap();
    assert_eq!(runs(&["import", &file]).await.0, Some(0));
    fs::write(&file, run(FIRST, "b", &[1]).to_string()).unwrap();
    let (code, _, stderr) = runs(&["import", &file]).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains(&format!("another run with the id {FIRST}")), "{stderr}");

    let before = "not a database, but dear to somebody";
    fs::write(&store, before).unwrap();
    let (code, _, stderr) = runs(&["list"]).await;
    assert_eq!(code, Some(2));
    assert!(stderr.contains("is no SQLite database; it was left as it is"), "{stderr}");
    assert_eq!(fs::read_to_string(&store).unwrap(), before);
}

#[tokio::test]
async fn a_run_that_is_under_way_is_not_removed() {
    let folder = Folder::new("runs-running");
    let (store, file) = (folder.file("runs.db"), folder.file("1.json"));
    let runs = async |args: &[&str]| done(&[&["runs", "--store", &store], args].concat()).await;
    let mut running = run(FIRST, "a", &[1]);
    running["status"] = "running".into();
    running["written_at"] = OffsetDateTime::now_utc().format(&Rfc3339).unwrap().into();
    fs::write(&file, running.to_string()).unwrap();
    assert_eq!(runs(&["import", &file]).await.0, Some(0));
    let (code, _, stderr) = runs(&["remove", "latest"]).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("is still running: end it first"), "{stderr}");
}
