//! The binary as a process: what it prints, how it ends, its exit codes.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may fail loudly"
)]

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
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

/// Starts an engine on a free port; returns it and its base URL, as it prints it.
async fn sim(args: &[&str]) -> (Child, String) {
    let args = [&["sim", "--listen", "127.0.0.1:0"], args].concat();
    let mut child = weir_loadtest(&args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = async || {
        let read = timeout(DEADLINE, lines.next_line()).await.expect("it prints");
        read.unwrap().expect("it runs")
    };
    let greeting = line().await;
    let url = greeting.split_whitespace().find(|word| word.starts_with("http://"));
    let url = url.unwrap_or_else(|| panic!("an address in `{greeting}`")).to_owned();
    let curl = line().await;
    assert!(curl.contains(&format!("{url}/v1/chat/completions")), "{curl}");
    (child, url)
}

async fn terminate(mut child: Child) -> Option<i32> {
    let kill = format!("kill -TERM {}", child.id().expect("it runs"));
    assert!(Command::new("sh").arg("-c").arg(kill).status().await.unwrap().success());
    timeout(DEADLINE, child.wait()).await.expect("it ends").unwrap().code()
}

#[tokio::test]
async fn a_simulated_engine_answers_and_ends_when_told() {
    let args = ["--engine", "vllm:0.10.0", "--model", "a", "--model", "b", "--plan", "tokens=3"];
    let (child, url) = sim(&args).await;
    // The client wants a provider, though nothing here is encrypted.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();

    let body = r#"{"model":"b","messages":[{"role":"user","content":"Hello"}]}"#;
    let answer = client.post(format!("{url}/v1/chat/completions")).body(body).send().await.unwrap();
    let answer: serde_json::Value =
        serde_json::from_str(&answer.text().await.unwrap()).expect("JSON");
    assert_eq!((&answer["model"], &answer["usage"]["completion_tokens"]), (&"b".into(), &3.into()));
    let version = client.get(format!("{url}/version")).send().await.unwrap().text().await.unwrap();
    assert!(version.contains("0.10.0"), "{version}");

    assert_eq!(terminate(child).await, Some(0));
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let (taken, url) = sim(&[]).await;
    let address = url.trim_start_matches("http://");
    let (code, stderr) = output(&["sim", "--listen", address]).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains(address) && stderr.contains("in use"), "{stderr}");
    assert_eq!(terminate(taken).await, Some(0));
}

#[tokio::test]
async fn wrong_arguments_have_a_code_of_their_own() {
    for (args, expected) in [
        (&["sim", "--engine", "tgi:3"][..], "vllm:VERSION"),
        (&["sim", "--plan", "tokens=many"], "a whole number"),
        (&["demo", "--for", "20"], "20s"),
        (&["demo", "--proxy", "/nowhere/weir-proxy"], "/nowhere/weir-proxy"),
        (&[], "Usage"),
    ] {
        let (code, stderr) = output(args).await;
        assert_eq!(code, Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(expected), "{args:?}: {stderr}");
    }
}
