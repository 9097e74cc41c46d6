//! Models that nobody asks for leave the metrics, where that is wanted.

use std::time::Duration;

use serde_json::json;
use weir_proxy::{Config, RouteConfig};
use weir_sim::{Scrape, Upstream, eventually};

use crate::rig::{Api, Client, DEADLINE, ProxyGuard, Request, ask, config, engine, route, upgrade};

/// How many series a model has.
fn series(scrape: &Scrape, model: &str) -> usize {
    scrape.samples().filter(|sample| sample.label("model") == Some(model)).count()
}

fn chat(model: &str) -> Request {
    Api::Chat.post(&Api::Chat.body(model, true))
}

/// Asks for a model until its name has a label.
async fn earn(proxy: &ProxyGuard, model: &str) {
    eventually(DEADLINE, "the name has a label", async || {
        ask(proxy.engine(), &chat(model)).await;
        (series(&proxy.scrape().await, model) > 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_nobody_asks_for_is_forgotten() {
    let sim = Upstream::builder().models([""; 0]).start().await.unwrap();
    let plain = config([engine([route("default", &sim.url())])]);
    let proxy =
        ProxyGuard::start(&Config { idle_series: Some(Duration::from_millis(300)), ..plain });
    for round in 0..2 {
        earn(&proxy, "earned").await;
        eventually(DEADLINE, "it is forgotten", async || {
            (series(&proxy.scrape().await, "earned") == 0).then_some(())
        })
        .await;
        assert!(series(&proxy.scrape().await, "tiny") > 0, "{round}: it is configured");
    }
    let known = proxy.json("/models").await;
    let tiny =
        json!({"model": "tiny", "route": "default", "hop": "engine", "known_from": "configured"});
    assert_eq!(known, json!({"models": [tiny]}));
    proxy.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_is_in_use_or_listed_stays() {
    let sim = Upstream::builder().models(["listed", "used"]).start().await.unwrap();
    let idle = Duration::from_millis(200);
    let every = Some(Duration::from_millis(20));
    let only = RouteConfig { models: vec![], poll_models: every, ..route("default", &sim.url()) };
    let plain = config([engine([only])]);
    let proxy = ProxyGuard::start(&Config { idle_series: Some(idle), ..plain });
    eventually(DEADLINE, "the models are known", async || {
        (series(&proxy.scrape().await, "listed") > 0).then_some(())
    })
    .await;
    let mut live = Client::connect(proxy.engine()).await;
    live.send(upgrade("/v1/realtime?model=used").bytes()).await;
    live.read_until_text("session.created").await;
    let polls = sim.totals().requests;
    let many = polls + 100;
    eventually(DEADLINE, "it was polled often", async || {
        (sim.totals().requests > many).then_some(())
    })
    .await;
    let scrape = proxy.scrape().await;
    assert!(series(&scrape, "listed") > 0 && series(&scrape, "used") > 0);
    assert_eq!(scrape.sum("llm_active_requests", &[]), Some(1.0));
}
