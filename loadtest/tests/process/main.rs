//! The binary as a process: what it prints, how it ends, its exit codes.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may fail loudly"
)]

mod compare;
mod healthcheck;
mod limit;
mod run;
mod runs;
mod scenarios;
mod serve;
mod sim;
mod traffic;

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

fn weir_loadtest(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir-loadtest"));
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn output(args: &[&str]) -> (Option<i32>, String) {
    let run = weir_loadtest(args).output();
    let Output { status, stderr, .. } =
        timeout(DEADLINE, run).await.expect("it ends").expect("it starts");
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// Tells it to end, and waits for its exit code.
async fn terminate(mut child: Child) -> Option<i32> {
    let kill = format!("kill -TERM {}", child.id().expect("it runs"));
    assert!(Command::new("sh").arg("-c").arg(kill).status().await.unwrap().success());
    timeout(DEADLINE, child.wait()).await.expect("it ends").unwrap().code()
}

#[tokio::test]
async fn wrong_arguments_have_a_code_of_their_own() {
    for (args, expected) in [
        (&["sim", "--engine", "tgi:3"][..], "vllm:VERSION"),
        (&["sim", "--plan", "tokens=many"], "a whole number"),
        (&["demo", "--for", "20"], "20s"),
        (&["demo", "--proxy", "/nowhere/weir-proxy"], "/nowhere/weir-proxy"),
        (&["traffic", "--model", "tiny"], "--target <URL>"),
        (&["traffic", "--target", "http://127.0.0.1:1"], "--model <NAME>"),
        (&["traffic", "--target", "weir:9800", "--model", "tiny"], "http://127.0.0.1:9800"),
        (&["traffic", "--target", "http://a", "--model", "b", "--rate", "0"], "0.001 to 1000"),
        (&[], "Usage"),
    ] {
        let (code, stderr) = output(args).await;
        assert_eq!(code, Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(expected), "{args:?}: {stderr}");
    }
}
