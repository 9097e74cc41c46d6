//! `limit`: what the load tester itself can do.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

use crate::{DEADLINE, weir_loadtest};

async fn json(child: Child) -> (Option<i32>, serde_json::Value) {
    let output = timeout(DEADLINE, child.wait_with_output()).await.expect("it ends").unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// Processes that a process has started; none where the system does not tell.
fn children(pid: u32) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let of = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("children"));
    let lists: Vec<_> = threads.flatten().flat_map(of).collect();
    lists.iter().flat_map(|list| list.split_whitespace()).map(str::to_owned).collect()
}

#[tokio::test]
async fn it_measures_itself() {
    let args = ["limit", "--for", "100ms", "--json"];
    let mut limit = weir_loadtest(&args);
    let child = limit.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (code, found) = json(child).await;
    assert_eq!(code, Some(0));
    assert!(found["requests_per_second"].as_f64().unwrap() > 0.0, "{found}");
    assert!(found["events_per_second"].as_f64().unwrap() > 0.0, "{found}");
    assert!(found["cores"].as_u64().unwrap() >= 1, "{found}");
    let clients = |what: &str| -> Vec<_> {
        found[what].as_array().unwrap().iter().map(|row| row["clients"].clone()).collect()
    };
    assert_eq!(clients("whole"), [1, 8, 64, 256]);
    assert_eq!(clients("streams"), [1, 8, 64]);
    assert_eq!(clients("paced")[0], 50);
}

#[tokio::test]
async fn told_to_end_it_tells_what_it_has_and_leaves_nobody_behind() {
    let args = ["limit", "--for", "1h", "--json"];
    let mut limit = weir_loadtest(&args);
    let mut child = limit.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = timeout(DEADLINE, lines.next_line()).await.expect("it says what it does").unwrap();
    assert_eq!(line.as_deref(), Some("Measuring whole answers, 1 client for 3600 s."));
    let pid = child.id().expect("it runs");
    let simulators = children(pid);
    let kill = format!("kill -TERM {pid}");
    let mut shell = tokio::process::Command::new("sh");
    assert!(shell.arg("-c").arg(kill).status().await.unwrap().success());
    let (code, found) = json(child).await;
    assert_eq!((code, &found["whole"]), (Some(130), &serde_json::json!([])));
    for simulator in simulators {
        assert!(!Path::new("/proc").join(&simulator).exists(), "{simulator} runs on");
    }
}
