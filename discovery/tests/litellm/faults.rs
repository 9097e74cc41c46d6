//! Gateways that are down, locked, slow, or answer nonsense.

use std::sync::Arc;

use weir_discovery::fetch::{Credentials, Secret};
use weir_sim::DeadPort;

use crate::scripted::{KEY, Polled, Script, Scripted, until};

#[tokio::test]
async fn nobody_listens() {
    let port = DeadPort::new().unwrap();
    let polled = Polled::start(&port.url(), Some(KEY));
    let state = polled.until("a verdict", |state| state.live.is_some()).await;
    assert_eq!((state.live, state.ready, state.deployments.clone()), (Some(false), None, None));
    let error = polled.source().unwrap().error.unwrap();
    assert!(error.starts_with("GET /health/liveliness: "), "{error}");
}

#[tokio::test]
async fn without_a_key_it_is_up_and_its_deployments_are_not_known() {
    let server = Scripted::start().await;
    let polled = Polled::start(&server.url, None);
    let state = polled.until("what it lacks", |state| state.lacking.is_some()).await;
    assert_eq!((state.live, state.ready), (Some(true), Some(true)));
    assert_eq!((state.deployments.clone(), state.problem.clone()), (None, None));
    assert!(state.lacking.unwrap().contains("key_file"));
    assert_eq!(polled.source().unwrap().error, None, "nothing is wrong with it");
    // It logs each refusal at length: it is not asked again soon.
    let rounds = server.count("/health/liveliness");
    until("twenty more rounds", || server.count("/health/liveliness") >= rounds + 20).await;
    assert_eq!(server.count("/model/info"), 1);
}

/// Without a database, 1.106.2 answers 400 to a wrong key.
#[tokio::test]
async fn a_wrong_key_is_said_to_be_wrong() {
    let server = Scripted::start().await;
    for status in [401, 400] {
        server.answers("/model/info", status, "Internal Server Error");
        let polled = Polled::start(&server.url, Some("sk-wrong"));
        let state = polled.until("a problem", |state| state.problem.is_some()).await;
        let problem = state.problem.clone().unwrap();
        assert!(problem.contains(&format!("status {status}: it")), "{problem}");
        assert!(!problem.contains("sk-wrong"), "{problem}");
        assert_eq!((state.live, state.deployments.clone()), (Some(true), None));
    }
}

/// … and 500 where there is none.
#[tokio::test]
async fn a_failure_without_a_key_is_taken_for_a_refusal() {
    let server = Scripted::start().await;
    server.answers("/model/info", 500, "Internal Server Error");
    let polled = Polled::start(&server.url, None);
    polled.until("what it lacks", |state| state.lacking.is_some()).await;
}

#[tokio::test]
async fn a_key_that_comes_later_is_used() {
    let server = Scripted::start().await;
    let file = std::env::temp_dir().join(format!("weir-litellm-key-{}", std::process::id()));
    let credentials = Credentials::Bearer(Secret::File(file.clone()));
    let polled = Polled::with("litellm", &server.url, credentials, Arc::default());
    let state = polled.until("a problem", |state| state.problem.is_some()).await;
    assert_eq!(state.live, Some(true), "the file says nothing of the gateway");
    assert!(state.problem.as_ref().unwrap().contains(file.to_str().unwrap()));
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    polled.until("deployments", |state| state.deployments.is_some()).await;
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn one_that_hangs_is_down_and_comes_back() {
    let server = Scripted::start().await;
    let polled = Polled::start(&server.url, Some(KEY));
    polled.until("deployments", |state| state.deployments.is_some()).await;
    server.script("/health/liveliness", Script::Silence);
    let state = polled.until("it is down", |state| state.live == Some(false)).await;
    assert!(state.deployments.is_some(), "its names are kept for a while");
    let error = polled.source().unwrap().error.unwrap();
    assert!(error.contains("no answer within"), "{error}");
    server.answers("/health/liveliness", 200, "\"I'm alive!\"");
    polled.until("it is back", |state| state.live == Some(true) && state.problem.is_none()).await;
}

#[tokio::test]
async fn one_that_is_not_ready_is_up() {
    let server = Scripted::start().await;
    let polled = Polled::start(&server.url, Some(KEY));
    for (status, ready) in [(503, Some(false)), (200, Some(true)), (404, None), (500, Some(false))]
    {
        server.answers("/health/readiness", status, r#"{"status":"shutting down"}"#);
        let state = polled.until("its word", |state| state.ready == ready && state.live.is_some());
        assert_eq!(state.await.live, Some(true));
    }
    server.script("/health/readiness", Script::Silence);
    polled.until("no word", |state| state.ready == Some(false)).await;
}

#[tokio::test]
async fn nonsense_and_floods_leave_the_rest_known() {
    let server = Scripted::start().await;
    let polled = Polled::start(&server.url, Some(KEY));
    polled.until("deployments", |state| state.deployments.is_some()).await;
    let garbage = [
        Script::Answer(200, b"<html>".to_vec()),
        Script::Answer(200, vec![b'['; 500_000]),
        Script::Answer(200, b"{\"data\": \"secret words\"}".to_vec()),
        Script::Flood(4 << 20),
        Script::Answer(302, Vec::new()),
        Script::Answer(500, b"secret words".to_vec()),
    ];
    for script in garbage {
        server.script("/model/info", script);
        let state = polled.until("a problem", |state| state.problem.is_some()).await;
        assert!(state.live == Some(true) && state.deployments.is_some());
        assert!(!state.problem.as_ref().unwrap().contains("secret words"));
        server.answers("/model/info", 200, r#"{"data":[]}"#);
        polled.until("none", |state| state.problem.is_none()).await;
    }
    server.answers("/health/readiness", 200, &"[".repeat(100_000));
    server.answers("/health/readiness/details", 200, r#"{"litellm_version":"1\n2"}"#);
    polled.until("no version", |state| state.version.is_none()).await;
}

#[tokio::test]
async fn one_that_fails_leaves_others_alone() {
    let (good, bad) = (Scripted::start().await, Scripted::start().await);
    bad.script("/health/liveliness", Script::Silence);
    let sources = Arc::default();
    let credentials = || Credentials::Bearer(Secret::Value(KEY.to_owned()));
    let bad = Polled::with("bad", &bad.url, credentials(), Arc::clone(&sources));
    let polled = Polled::with("good", &good.url, credentials(), sources);
    polled.until("deployments", |state| state.deployments.is_some()).await;
    bad.until("it is down", |state| state.live == Some(false)).await;
    assert_eq!(polled.source().unwrap().error, None);
    assert!(bad.source().unwrap().error.is_some());
}
