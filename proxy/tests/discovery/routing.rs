//! Which route takes a request, where discovery names some: how many there are changes as little as can be.

use std::sync::Arc;

use weir_proxy::{Config, KeyConfig, KeyHash, RouteConfig};
use weir_sim::Upstream;

use crate::rig::discovery::{Discovery, named, page};
use crate::rig::{Answer, ProxyGuard, Request, route};
use crate::{chat, following, proxy, send, until_routes};

async fn sim() -> Upstream {
    Upstream::builder().models([""; 0]).start().await.unwrap()
}

/// How many requests came but for Weir's own questions.
fn count(sim: &Upstream) -> usize {
    sim.requests().iter().filter(|it| it.path != "/v1/models").count()
}

fn refused(answer: &Answer) -> (u16, String, String) {
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    (answer.status, answer.header("x-weir-error").unwrap().to_owned(), message)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_of_one_model_are_told_apart_by_their_prefix() {
    let (a, b) = (sim().await, sim().await);
    let routes = [named("a", &a.url(), &["both"]), named("b", &b.url(), &["both", "of-b"])];
    let discovery = Discovery::start(page(&routes)).await;
    let proxy = proxy(&discovery, &["a", "b"]).await;
    let (code, reason, message) = refused(&send(&proxy, &chat("", "both")).await);
    assert_eq!((code, reason.as_str()), (404, "no_route"));
    assert!(message.contains("/a/, /b/"), "{message}");
    assert_eq!(send(&proxy, &chat("/a", "both")).await.status, 200);
    assert_eq!(send(&proxy, &chat("", "of-b")).await.status, 200);
    assert_eq!((count(&a), count(&b)), (1, 1));
    // The model moves: what the engine said before does not hold it.
    discovery.names(&[named("a", &a.url(), &["of-a"]), named("b", &b.url(), &["both"])]);
    let moved = async || (send(&proxy, &chat("", "both")).await.status == 200).then_some(());
    weir_sim::eventually(crate::DEADLINE, "the model has one engine", moved).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_route_takes_what_is_for_no_other() {
    let (a, b) = (sim().await, sim().await);
    let discovery = Discovery::start(page(&[named("a", &a.url(), &["of-a"])])).await;
    let proxy = proxy(&discovery, &["a"]).await;
    let get = |path: &str| Request::get(path);
    // As long as there was no other, everything is for it.
    for request in
        [chat("", "of-b"), chat("", "of-a"), chat("/a", "of-a"), get("/health"), get("/a/health")]
    {
        assert_eq!(send(&proxy, &request).await.status, 200);
    }
    assert_eq!(a.requests().iter().filter(|it| it.path == "/health").count(), 2);

    discovery.names(&[named("a", &a.url(), &["of-a"]), named("b", &b.url(), &["of-b"])]);
    until_routes(&proxy, &["a", "b"]).await;
    assert_eq!(send(&proxy, &chat("", "of-b")).await.status, 200);
    assert_eq!((count(&b), send(&proxy, &get("/health")).await.status), (1, 404));
    assert_eq!(send(&proxy, &get("/a/health")).await.status, 200);

    // `b` is missed: what is for it goes nowhere else, the rest does.
    discovery.names(&[named("a", &a.url(), &["of-a"])]);
    until_routes(&proxy, &["a"]).await;
    let before = count(&a);
    for request in [chat("", "of-b"), chat("/b", "of-b"), get("/b/health")] {
        let answer = send(&proxy, &request).await;
        assert_eq!(answer.header("retry-after"), Some("5"));
        let (code, reason, message) = refused(&answer);
        assert_eq!((code, reason.as_str()), (503, "no_route_now"));
        assert!(message.contains("has gone"), "{message}");
    }
    assert_eq!(count(&a), before);
    for request in [chat("", "of-a"), chat("", "nobodys"), get("/health"), chat("/a", "of-b")] {
        assert_eq!(send(&proxy, &request).await.status, 200);
    }
    assert_eq!(count(&a), before + 4);
    let scrape = proxy.settled().await;
    let refused = [("reason", "no_route_now")];
    assert_eq!(scrape.value("weir_rejections_total", &refused), Some(3.0));

    // With none left, whatever comes is told so.
    discovery.names(&[]);
    until_routes(&proxy, &[]).await;
    let (code, reason, message) = refused_words(&proxy, &chat("", "nobodys")).await;
    assert_eq!((code, reason.as_str()), (503, "no_route_now"));
    assert!(message.contains("finds no engine"), "{message}");
}

async fn refused_words(proxy: &ProxyGuard, request: &Request) -> (u16, String, String) {
    refused(&send(proxy, request).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_configured_goes_before_what_is_found() {
    let (own, found) = (sim().await, sim().await);
    let configured = RouteConfig { models: vec!["m".to_owned()], ..route("a", &own.url()) };
    let routes = [named("a", &found.url(), &["m"]), named("b", &found.url(), &["m"])];
    let discovery = Discovery::start(page(&routes)).await;
    let proxy = ProxyGuard::start(&following(&discovery.url(), [configured]));
    until_routes(&proxy, &["a", "b"]).await;
    let status = proxy.json("/status").await;
    assert_eq!(status["discovery"]["overruled"], serde_json::json!(["a"]));
    let named_by: Vec<_> = [0, 1].map(|index| status["routes"][index]["named_by"].clone()).into();
    assert_eq!(named_by, ["configuration", "discovery"]);
    for request in [chat("/a", "m"), chat("", "m")] {
        assert_eq!(send(&proxy, &request).await.status, 200);
    }
    assert_eq!((count(&own), count(&found)), (2, 0));
    assert_eq!(send(&proxy, &chat("/b", "m")).await.status, 200);
    assert_eq!(count(&found), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn found_routes_ask_for_keys_where_there_are_any() {
    let sim = sim().await;
    let discovery = Discovery::start(page(&[named("a", &sim.url(), &["m"])])).await;
    let key =
        KeyConfig { alias: Arc::from("team"), hash: KeyHash::of(b"sk-weir-team"), rate: None };
    let proxy = ProxyGuard::start(&Config { keys: vec![key], ..following(&discovery.url(), []) });
    until_routes(&proxy, &["a"]).await;
    assert_eq!(send(&proxy, &chat("", "m")).await.status, 401);
    let with_key = chat("", "m").header("authorization", "Bearer sk-weir-team");
    assert_eq!(send(&proxy, &with_key).await.status, 200);
}
