//! How many connections may be open, and for how long without a request.

use std::time::Duration;

use weir_proxy::Limits;
use weir_sim::{Upstream, eventually};

use crate::refused::{limited, rejected, rejections};
use crate::rig::{Api, Client, DEADLINE, End, ProxyGuard, Request, ask};

async fn open(proxy: &ProxyGuard) -> f64 {
    let scrape = proxy.scrape().await;
    scrape.value("weir_client_connections", &[("listener", "engine")]).unwrap()
}

async fn wait_for_open(proxy: &ProxyGuard, count: f64) {
    let is_so = async || (open(proxy).await == count).then_some(());
    eventually(DEADLINE, &format!("{count} connections are open"), is_so).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_too_many_is_told_so_and_the_others_go_on() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = limited(&sim, Limits { connections: 2, ..Limits::default() });
    wait_for_open(&proxy, 0.0).await;
    let mut first = Client::connect(proxy.engine()).await;
    let second = Client::connect(proxy.engine()).await;
    wait_for_open(&proxy, 2.0).await;
    for round in 1..=100 {
        let answer = ask(proxy.engine(), &Api::Chat.request(true)).await;
        assert_eq!((answer.status, answer.end), (503, End::Complete));
        assert_eq!(answer.header("x-weir-error"), Some("too_many_connections"));
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.json()["error"]["code"], "too_many_connections");
        let scrape = proxy.scrape().await;
        assert_eq!(rejections(&scrape, "too_many_connections"), f64::from(round));
        assert_eq!(rejected(&scrape, "unrouted"), f64::from(round));
    }
    assert_eq!(first.ask(&Api::Chat.request(true)).await.status, 200);
    second.leave();
    wait_for_open(&proxy, 1.0).await;
    assert_eq!(ask(proxy.engine(), &Api::Chat.request(true)).await.status, 200);
    assert_eq!(sim.totals().requests, 2);
    proxy.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_idles_is_let_go_without_a_count() {
    let sim = Upstream::builder().start().await.unwrap();
    let idle = Duration::from_secs(1);
    let proxy = limited(&sim, Limits { idle, ..Limits::default() });
    let mut silent = Client::connect(proxy.engine()).await;
    let mut served = Client::connect(proxy.engine()).await;
    assert_eq!(served.ask(&Request::get("/v1/models")).await.status, 200);
    // As long as an answer takes, nobody idles.
    let mut waiting = Client::connect(proxy.engine()).await;
    waiting.send(Api::Chat.request(true).header("x-sim", "ttft=2s").bytes()).await;
    for client in [&mut silent, &mut served] {
        assert_eq!(client.rest().await, (Vec::new(), End::Closed));
    }
    let answer = waiting.answer().await;
    assert_eq!((answer.status, answer.end), (200, End::Complete));
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("weir_rejections_total", &[]), Some(0.0));
    assert_eq!(rejected(&scrape, "unrouted"), 0.0);
    wait_for_open(&proxy, 0.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_nothing_of_its_answer_may_be_cut_off() {
    let sim = Upstream::builder().start().await.unwrap();
    let unread = Some(Duration::from_secs(1));
    let proxy = limited(&sim, Limits { unread, ..Limits::default() });
    let mut client = Client::with_small_window(proxy.engine()).await;
    let endless = Api::Chat.request(true).header("x-sim", "tokens=1000000,gap=0ms");
    client.send(endless.bytes()).await;
    let left = |seen: &[weir_sim::Recorded]| seen.iter().any(|seen| seen.client_left());
    sim.wait_for(left, DEADLINE, "the upstream is told that nobody reads").await;
    let scrape = proxy.settled().await;
    let midway = [("outcome", "client_closed_mid_stream")];
    assert_eq!(scrape.sum("llm_requests_total", &midway), Some(1.0));
}
