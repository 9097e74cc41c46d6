//! Clients that do not read: their time is told apart, and nobody else's times change.

use weir_proxy::RouteConfig;
use weir_sim::{Plan, Scrape, Upstream};

use crate::rig::{Api, Client, End, ProxyGuard, ask, config, engine, route};

/// A token of 100 KB fills the window of a client that does not read; the kernel takes the rest.
const PLAN: &str = "tokens=40,gap=10ms,fault=huge_event:100000";

fn gaps(scrape: &Scrape, model: &str) -> (f64, f64) {
    let of = |name: &str| scrape.sum(name, &[("model", model)]).unwrap_or(0.0);
    (of("llm_discarded_gaps_total"), of("llm_inter_token_latency_seconds_count"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gaps_while_a_client_does_not_read_are_not_the_models() {
    let sim = Upstream::builder().models(["slow", "quick"]).start().await.unwrap();
    sim.set_plan(PLAN.parse::<Plan>().unwrap());
    let models = ["slow", "quick"].map(str::to_owned).to_vec();
    let route = RouteConfig { models, ..route("default", &sim.url()) };
    let proxy = ProxyGuard::start(&config([engine([route])]));

    let mut slow = Client::with_small_window(proxy.engine()).await;
    slow.send(Api::Chat.post(&Api::Chat.body("slow", true)).bytes()).await;
    let quick = ask(proxy.engine(), &Api::Chat.post(&Api::Chat.body("quick", true))).await;
    assert_eq!(quick.end, End::Complete);

    // Both have ended as far as Weir is concerned: the kernel has the rest of the slow one's bytes.
    let scrape = proxy.settled().await;
    let (discarded, counted) = gaps(&scrape, "slow");
    assert!(discarded > 0.0, "{discarded} discarded, {counted} counted");
    let stall = scrape.sum("llm_client_stall_seconds_total", &[]).unwrap();
    assert!(stall > 0.0, "{stall} s");
    let (of_quick, counted) = gaps(&scrape, "quick");
    // None, but where this machine keeps the quick one from reading for a moment.
    assert!(of_quick <= counted / 20.0, "{of_quick} discarded of the quick one, {counted} counted");
    assert!(counted > 0.0, "the quick one has gaps");

    let slow = slow.answer().await;
    assert_eq!((slow.status, slow.end), (200, End::Complete), "it gets every byte when it reads");
    assert!(slow.body.len() > 100_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_stalls_nobody() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    for _ in 0..5 {
        ask(proxy.engine(), &Api::Chat.request(true)).await;
    }
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_client_stall_seconds_total", &[]), Some(0.0));
    assert_eq!(scrape.sum("llm_discarded_gaps_total", &[]), Some(0.0));
}
