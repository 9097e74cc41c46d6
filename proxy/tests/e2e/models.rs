//! The label `model`: which names become one, from when on, and which never do.

use std::time::Duration;

use serde_json::json;
use weir_proxy::RouteConfig;
use weir_sim::{Scrape, Upstream, eventually};

use crate::rig::{
    Api, DEADLINE, ProxyGuard, Request, ask, assert_same, both, config, engine, route,
};

/// A chat for this model; the scrape afterwards.
async fn chat(proxy: &ProxyGuard, model: &str) -> Scrape {
    ask(proxy.engine(), &Api::Chat.post(&Api::Chat.body(model, true))).await;
    proxy.settled().await
}

fn started(scrape: &Scrape, model: &str) -> Option<f64> {
    let labels = [("model", model), ("endpoint", "chat_completions")];
    scrape.value("llm_requests_started_total", &labels)
}

fn overflow(scrape: &Scrape) -> Option<f64> {
    scrape.value("weir_label_overflow_total", &[("label", "model")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn configured_names_are_there_before_the_first_request() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let scrape = proxy.settled().await;
    assert_eq!(started(&scrape, "tiny"), Some(0.0));
    let outcomes = scrape.labels_of("llm_requests_total", "outcome");
    assert_eq!(outcomes.len(), 19, "{outcomes:?}");
    assert_eq!(started(&chat(&proxy, "tiny").await, "tiny"), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polled_names_are_there_before_the_first_request() {
    let sim = Upstream::builder().models(["polled"]).start().await.unwrap();
    let every = Some(Duration::from_secs(60));
    let only = RouteConfig { models: vec![], poll_models: every, ..route("default", &sim.url()) };
    let proxy = ProxyGuard::start(&config([engine([only])]));
    eventually(DEADLINE, "the upstream has been asked for its models", async || {
        (started(&proxy.scrape().await, "polled") == Some(0.0)).then_some(())
    })
    .await;
    let page = proxy.json("/models").await;
    let model =
        json!({"model": "polled", "route": "default", "hop": "engine", "known_from": "listed"});
    assert_eq!(page, json!({"models": [model]}));
    let scrape = chat(&proxy, "polled").await;
    assert_eq!(started(&scrape, "polled"), Some(1.0));
    assert_eq!(scrape.sum("weir_passthrough_requests_total", &[]), Some(0.0), "Weir's own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polling_bears_a_key_and_is_patient() {
    let dead = weir_sim::DeadPort::new().unwrap();
    let key = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("models-key");
    std::fs::write(&key, "sk-models\n").unwrap();
    let every = Some(Duration::from_secs(60));
    let only = RouteConfig {
        models: vec![],
        poll_models: every,
        models_key_file: Some(key),
        ..route("default", &dead.url())
    };
    let proxy = ProxyGuard::start(&config([engine([only])]));
    assert_eq!(proxy.json("/models").await, json!({"models": []}));
    // The upstream comes up only now.
    let addr = dead.addr();
    drop(dead);
    let sim = Upstream::builder().models(["late"]).bind(addr).start().await.unwrap();
    eventually(DEADLINE, "the upstream is asked again", async || {
        (started(&proxy.scrape().await, "late") == Some(0.0)).then_some(())
    })
    .await;
    assert_eq!(sim.requests()[0].header("authorization"), Some("Bearer sk-models"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_the_models_are_not_known_is_shown() {
    // A server that answers, with 404.
    let sim = Upstream::builder().start().await.unwrap();
    let other = ProxyGuard::to(&sim);
    let no_file = "/nowhere/models-key";
    for (key, reason) in [
        (None, "GET /v1/models was answered with status 404".to_owned()),
        (
            Some(no_file.into()),
            format!("reading {no_file}: No such file or directory (os error 2)"),
        ),
    ] {
        let url = format!("http://{}", other.admin());
        let every = Some(Duration::from_secs(60));
        let only =
            RouteConfig { poll_models: every, models_key_file: key, ..route("default", &url) };
        let proxy = ProxyGuard::start(&config([engine([only])]));
        let shown = eventually(DEADLINE, "the upstream has been asked", async || {
            let shown = proxy.json("/status").await["routes"][0]["models_poll"].clone();
            (shown != "asking").then_some(shown)
        });
        assert_eq!(shown.await, reason.as_str());
        assert_eq!(proxy.page("/ready").await.status, 200, "requests are no worse off");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_a_clients_listing_count_from_then_on() {
    let sim = Upstream::builder().models(["listed", "fresh"]).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    ask(proxy.engine(), &Request::get("/v1/models")).await;
    let scrape = proxy.settled().await;
    assert_eq!(started(&scrape, "listed"), Some(0.0));
    let scrape = chat(&proxy, "listed").await;
    assert_eq!((started(&scrape, "listed"), overflow(&scrape)), (Some(1.0), Some(0.0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_answer_earns_a_name_from_the_next_request_on() {
    let sim = Upstream::builder().models([""; 0]).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let scrape = chat(&proxy, "earner").await;
    assert_eq!((started(&scrape, "other"), started(&scrape, "earner")), (Some(1.0), Some(0.0)));
    assert_eq!(overflow(&scrape), Some(1.0));
    let scrape = chat(&proxy, "earner").await;
    assert_eq!((started(&scrape, "other"), started(&scrape, "earner")), (Some(1.0), Some(1.0)));
    assert_eq!(proxy.json("/models").await["models"][0]["known_from"], "earned");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_most_64_names_are_earned() {
    let sim = Upstream::builder().models([""; 0]).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let request = |name: &str| Api::Embeddings.post(&Api::Embeddings.body(name, false));
    for round in 0..2 {
        let mut client = crate::rig::Client::connect(proxy.engine()).await;
        for number in 0..70 {
            let answer = client.ask(&request(&format!("m{number}"))).await;
            assert_eq!(answer.status, 200, "{round}");
        }
    }
    let scrape = proxy.settled().await;
    // 64 earned ones, the configured one, and `other`.
    assert_eq!(scrape.labels_of("llm_requests_started_total", "model").len(), 66);
    assert_eq!(overflow(&scrape), Some(70.0 + 6.0));
    let other = [("model", "other"), ("endpoint", "embeddings")];
    assert_eq!(scrape.value("llm_requests_started_total", &other), Some(76.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn junk_stays_other() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    for (count, junk) in (1..).zip(["nope", "nope", "../../etc", "<script>", "tiny ", "TINY"]) {
        let (direct, through) =
            both(&sim, proxy.engine(), &Api::Chat.post(&Api::Chat.body(junk, true))).await;
        assert_eq!(direct.status, 404);
        assert_same(&direct, &through);
        let scrape = proxy.settled().await;
        assert_eq!(started(&scrape, "other"), Some(f64::from(count)), "{junk}");
        assert_eq!(overflow(&scrape), Some(f64::from(count)), "{junk}");
        let labels = [("model", "other"), ("outcome", "not_found")];
        assert_eq!(scrape.value("llm_requests_total", &labels), Some(f64::from(count)), "{junk}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_may_hold_any_character() {
    let sim = Upstream::builder().models([""; 0]).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let names =
        ["a\"b", "line\nbreak", "back\\slash\\n", "{x=\"1\"} 2\n# TYPE y counter", "日本/é 😀"];
    for name in names {
        chat(&proxy, name).await;
        assert_eq!(started(&chat(&proxy, name).await, name), Some(1.0), "{name:?}");
        let openmetrics = Scrape::parse(proxy.openmetrics().await.text()).unwrap();
        assert_eq!(started(&openmetrics, name), Some(1.0), "{name:?}");
    }
    let scrape = proxy.scrape().await;
    assert_eq!(scrape.labels_of("llm_requests_started_total", "model").len(), names.len() + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_of_a_megabyte_is_other() {
    let sim = Upstream::builder().models([""; 0]).keep_bodies(4 << 20).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    for name in ["m".repeat(1 << 20), "m".repeat(257), "\"".repeat(100_000)] {
        for _ in 0..2 {
            let body = Api::Chat.body(&name, false);
            let (direct, through) = both(&sim, proxy.engine(), &Api::Chat.post(&body)).await;
            assert_eq!(direct.status, 200);
            assert_same(&direct, &through);
        }
    }
    let scrape = proxy.settled().await;
    assert_eq!(started(&scrape, "other"), Some(6.0));
    assert_eq!(overflow(&scrape), Some(6.0));
    assert_eq!(scrape.labels_of("llm_requests_started_total", "model").len(), 2);
    assert_eq!(proxy.json("/models").await["models"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_a_model_is_the_answers() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    for (count, body) in (1..).zip([
        r#"{"messages":[],"stream":true}"#,
        r#"{"messages":[]}"#,
        r#"{"messages":[],"model":null,"stream":true}"#,
        r#"{"messages":[],"model":7}"#,
    ]) {
        let request = Request::post(Api::Chat.path(), body);
        let (direct, through) = both(&sim, proxy.engine(), &request).await;
        assert_eq!((direct.status, through.status), (200, 200));
        let scrape = proxy.settled().await;
        assert_eq!(started(&scrape, "tiny"), Some(f64::from(count)), "{body}");
        assert_eq!(started(&scrape, "unknown"), None, "{body}");
        assert_eq!(overflow(&scrape), Some(0.0), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_neither_names_a_model_it_is_unknown() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    for (count, body) in (1..).zip(["no json", "", "[1]", "{\"messages\":", "\u{0}\u{1}"]) {
        let request = Request::post(Api::Chat.path(), body);
        let (direct, through) = both(&sim, proxy.engine(), &request).await;
        assert_eq!(direct.status, 400);
        assert_same(&direct, &through);
        let scrape = proxy.settled().await;
        assert_eq!(started(&scrape, "unknown"), Some(f64::from(count)), "{body}");
        let bad =
            scrape.value("llm_requests_total", &[("model", "unknown"), ("outcome", "bad_request")]);
        assert_eq!(bad, Some(f64::from(count)), "{body}");
    }
}
