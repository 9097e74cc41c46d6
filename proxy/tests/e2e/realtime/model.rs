//! The model of a session, which is its label and finds its route.

use serde_json::json;
use weir_proxy::RouteConfig;
use weir_sim::{Plan, Upstream, eventually};

use super::{COMMIT, PATH, UPDATE, WITH_MODEL, outcome, start, tokens, transcribe};
use crate::rig::websocket::{PING, PONG};
use crate::rig::{DEADLINE, ProxyGuard, WebSocket, ask, config, engine, route, upgrade};

/// Waits until one session of the model `tiny` is started and active.
async fn active(proxy: &ProxyGuard) {
    let active = async || {
        let scrape = proxy.scrape().await;
        let labels = [("endpoint", "realtime"), ("route", "default")];
        let started = [("endpoint", "realtime"), ("model", "tiny")];
        let counts = (
            scrape.sum("llm_active_requests", &labels),
            scrape.sum("llm_requests_started_total", &started),
        );
        (counts == (Some(1.0), Some(1.0))).then_some(())
    };
    eventually(DEADLINE, "the session is active", active).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_active_from_its_upgrade_to_its_end() {
    let (_sim, proxy) = start(Plan::tokens(6)).await;
    let mut socket = WebSocket::open(proxy.engine(), &upgrade(WITH_MODEL)).await;
    active(&proxy).await;
    assert_eq!(proxy.json("/status").await["requests_in_flight"], 1);
    socket.close_after_greeting().await;
    assert_eq!(outcome(&proxy).await.0, "success");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vllms_session_is_active_once_the_client_has_named_the_model() {
    let (_sim, proxy) = start(Plan::tokens(6)).await;
    let mut socket = WebSocket::open(proxy.engine(), &upgrade(PATH)).await;
    socket.message_of("session.created").await;
    assert_eq!(proxy.json("/status").await["requests_in_flight"], 1);
    // vLLM does not answer to it.
    socket.send(UPDATE).await;
    active(&proxy).await;
    socket.close().await;
    assert_eq!(outcome(&proxy).await.0, "success");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_never_names_a_model_is_of_an_unknown_one() {
    let (_sim, proxy) = start(Plan::default()).await;
    let mut socket = WebSocket::open(proxy.engine(), &upgrade(PATH)).await;
    socket.message_of("session.created").await;
    socket.send(COMMIT).await;
    assert_eq!(socket.message().await["code"], "model_not_validated");
    socket.close().await;
    let (outcome, scrape) = outcome(&proxy).await;
    assert_eq!(outcome, "stream_error");
    assert_eq!(scrape.sum("llm_requests_started_total", &[("model", "unknown")]), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcription_session_names_its_model_deep_down() {
    let (_sim, proxy) = start(Plan::tokens(2)).await;
    let mut socket = WebSocket::open(proxy.engine(), &upgrade(PATH)).await;
    let session =
        json!({"type": "transcription", "audio": {"input": {"transcription": {"model": "tiny"}}}});
    socket.send(&json!({"type": "session.update", "session": session}).to_string()).await;
    socket.message_of("error").await;
    socket.close().await;
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_started_total", &[("model", "tiny")]), Some(1.0));
}

/// Both sides' libraries send pings by themselves, before anybody has said anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ping_or_a_pong_is_no_message_that_names_no_model() {
    for (first, answers) in [(PING, true), (PONG, false)] {
        let (_sim, proxy) = start(Plan::tokens(2)).await;
        let mut socket = WebSocket::open(proxy.engine(), &upgrade(PATH)).await;
        socket.message_of("session.created").await;
        socket.send_frame(first, b"x").await;
        if answers {
            assert_eq!(socket.frame().await, (PONG, b"x".to_vec()));
        }
        socket.send(UPDATE).await;
        transcribe(&mut socket).await;
        socket.close().await;
        let (outcome, scrape) = outcome(&proxy).await;
        assert_eq!((outcome.as_str(), tokens(&scrape, "output")), ("success", Some(2.0)));
    }
}

/// Two upstreams, and an edge that leads to them.
async fn town() -> (Upstream, Upstream, ProxyGuard) {
    let a = Upstream::builder().models(["of-a"]).start().await.unwrap();
    let b = Upstream::builder().models(["of-b"]).start().await.unwrap();
    let to = |name: &str, sim: &Upstream| RouteConfig {
        models: vec![format!("of-{name}")],
        ..route(name, &sim.url())
    };
    let proxy = ProxyGuard::start(&config([engine([to("a", &a), to("b", &b)])]));
    (a, b, proxy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prefix_finds_the_route() {
    let (a, b, proxy) = town().await;
    let lost = ask(proxy.engine(), &upgrade(PATH)).await;
    assert_eq!((lost.status, lost.header("x-weir-error")), (404, Some("no_route")));
    for query in ["", "?model=of-b"] {
        let request = upgrade(&format!("/b{PATH}{query}"));
        let mut socket = WebSocket::open(proxy.engine(), &request).await;
        socket.close_after_greeting().await;
        assert_eq!(b.requests().pop().unwrap().path, format!("{PATH}{query}"));
    }
    assert!(a.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_in_the_query_finds_the_route() {
    let (a, b, proxy) = town().await;
    let request = upgrade(&format!("{PATH}?model=of-b"));
    let mut socket = WebSocket::open(proxy.engine(), &request).await;
    socket.close_after_greeting().await;
    assert_eq!((a.requests().len(), b.requests().len()), (0, 1));
}
