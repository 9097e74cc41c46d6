//! The admin endpoints: what they show, and in which format.

use serde_json::{Value, json};
use weir_sim::{Fault, Plan, Scrape, Upstream};

use crate::rig::{Api, ProxyGuard, Request, ask, config, edge, engine, route};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_ready_status_and_models() {
    let sim = Upstream::builder().start().await.unwrap();
    let routes = || [route("one", &sim.url()), route("two", &sim.url())];
    let proxy = ProxyGuard::start(&config([edge([route("front", &sim.url())]), engine(routes())]));

    let health = proxy.json("/health").await;
    assert_eq!(health["status"], "ok");
    assert!(health["timestamp"].as_str().unwrap().ends_with('Z'), "{health}");
    let ready = proxy.page("/ready").await;
    assert_eq!((ready.status, ready.json()), (200, json!({"status": "ready"})));

    let mut status = proxy.json("/status").await;
    assert!(status["uptime_seconds"].take().is_u64());
    let shown = |name: &str, hop: &str| {
        json!({"name": name, "hop": hop, "upstream": sim.url(), "usage": "exact", "models": 1,
            "models_poll": "off", "named_by": "configuration", "last_error": null})
    };
    let expected = json!({
        "name": "weir-proxy", "version": env!("CARGO_PKG_VERSION"), "uptime_seconds": null,
        "draining": false, "requests_in_flight": 0,
        "routes": [shown("front", "edge"), shown("one", "engine"), shown("two", "engine")],
        "discovery": null,
    });
    assert_eq!(status, expected);

    let model = |route: &str, hop: &str| json!({"model": "tiny", "route": route, "hop": hop, "known_from": "configured"});
    let expected = [model("front", "edge"), model("one", "engine"), model("two", "engine")];
    assert_eq!(proxy.json("/models").await, json!({"models": expected}));

    assert_eq!(proxy.page("/nowhere").await.status, 404);
    let post = Request::post("/metrics", "");
    assert_eq!(ask(proxy.admin(), &post).await.status, 405);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_shows_the_last_error_and_nothing_of_its_text() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let body = weir_sim::BodyFlavour::Json(r#"{"error":"SECRET PROMPT"}"#.to_owned());
    sim.push(Plan::fault(Fault::RefuseStatus { code: 500, body }));
    ask(proxy.engine(), &Api::Chat.request(true)).await;
    proxy.settled().await;
    let page = proxy.page("/status").await;
    assert!(!page.text().contains("SECRET"), "{}", page.text());
    let mut error = page.json()["routes"][0]["last_error"].clone();
    assert!(error["unix_seconds"].take().is_u64() && error["seconds_ago"].take().is_u64());
    let expected = json!({"outcome": "upstream_error", "endpoint": "chat_completions",
        "http_status": 500, "unix_seconds": null, "seconds_ago": null});
    assert_eq!(error, expected);
    // What a client did wrong is no error of the route.
    sim.push(Plan::fault(Fault::ContextLength));
    ask(proxy.engine(), &Api::Chat.request(true)).await;
    proxy.settled().await;
    let status = proxy.json("/status").await;
    assert_eq!(status["routes"][0]["last_error"]["outcome"], "upstream_error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_flight_are_shown() {
    let sim = Upstream::builder().start().await.unwrap();
    sim.push(Plan::fault(Fault::Stall { after_events: 2 }));
    let proxy = ProxyGuard::to(&sim);
    let mut client = crate::rig::Client::connect(proxy.engine()).await;
    client.send(Api::Chat.request(true).bytes()).await;
    client.read_until_text(" weir").await;
    assert_eq!(proxy.json("/status").await["requests_in_flight"], 1);
    let labels = [("endpoint", "chat_completions"), ("route", "default"), ("hop", "engine")];
    assert_eq!(proxy.scrape().await.value("llm_active_requests", &labels), Some(1.0));
    client.leave();
    let scrape = proxy.settled().await;
    let outcome = [("outcome", "client_closed_mid_stream")];
    assert_eq!(scrape.sum("llm_requests_total", &outcome), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_text_unless_openmetrics_is_asked_for() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    ask(proxy.engine(), &Api::Chat.request(true)).await;
    proxy.settled().await;
    let text = proxy.page("/metrics").await;
    let kind = text.header("content-type");
    assert_eq!(kind, Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(text.text().contains("# TYPE llm_requests_total counter\n"));
    assert!(!text.text().contains("# EOF") && !text.text().contains("# UNIT"));
    assert_eq!(proxy.page("/prometheus").await.status, 200);

    let open = proxy.openmetrics().await;
    let kind = open.header("content-type");
    assert_eq!(kind, Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(open.text().contains("# TYPE llm_requests counter\n"));
    assert!(open.text().ends_with("# EOF\n"));

    // Both say the same, but for the process's own readings.
    let ours = |page: &str| {
        let scrape = Scrape::parse(page).unwrap();
        let ours = scrape.samples().filter(|sample| !sample.name.starts_with("process_"));
        let mut ours: Vec<_> = ours.map(|sample| format!("{sample:?}")).collect();
        ours.sort();
        ours
    };
    assert_eq!(ours(text.text()), ours(open.text()));
    for page in [text.text(), open.text()] {
        assert!(page.contains("le=\"1.0\"") && !page.contains("le=\"1\""));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_family_has_a_type_and_a_help() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    ask(proxy.engine(), &Api::Chat.request(true)).await;
    proxy.settled().await;
    let page = proxy.page("/metrics").await;
    let scrape = Scrape::parse(page.text()).unwrap();
    for sample in scrape.samples() {
        let family = ["_bucket", "_count", "_sum"]
            .into_iter()
            .find_map(|suffix| sample.name.strip_suffix(suffix))
            .filter(|family| scrape.kind(family) == Some("histogram"))
            .unwrap_or(&sample.name);
        assert!(scrape.kind(family).is_some(), "{family} has no type");
        assert!(page.text().contains(&format!("# HELP {family} ")), "{family} has no help");
    }
    let build = scrape.matching("weir_build_info", &[]).next().unwrap();
    assert_eq!(build.label("version"), Some(env!("CARGO_PKG_VERSION")));
    let _: Value = proxy.json("/status").await;
}
