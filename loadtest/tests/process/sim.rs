//! `sim`: a simulated engine for people.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

use crate::{DEADLINE, output, terminate, weir_loadtest};

/// Starts an engine on a free port; returns it and its base URL, as it prints it.
pub(crate) async fn sim(args: &[&str]) -> (Child, String) {
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
async fn a_speculating_engine_counts_its_drafts() {
    let (child, url) = sim(&["--speculative", "--plan", "tokens=8,tokens_per_event=2"]).await;
    let _already = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
    let chat = r#"{"model":"tiny","stream":true,"messages":[]}"#;
    let answer = client.post(format!("{url}/v1/chat/completions")).body(chat).send().await.unwrap();
    assert!(answer.text().await.unwrap().contains("[DONE]"));
    let page = client.get(format!("{url}/metrics")).send().await.unwrap().text().await.unwrap();
    let page = weir_sim::Scrape::parse(&page).unwrap();
    // A step of two tokens first, and three with one of their own and one that was drafted.
    for (name, count) in [("drafts", 3.0), ("draft_tokens", 9.0), ("accepted_tokens", 3.0)] {
        let name = format!("vllm:spec_decode_num_{name}_total");
        assert_eq!(page.value(&name, &[]), Some(count), "{name}");
    }
    assert_eq!(terminate(child).await, Some(0));
}
