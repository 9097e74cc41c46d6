//! What grows without a bound elsewhere: series, memory, connections; and what a scrape costs.

use std::time::Duration;

use serde_json::json;
use weir_proxy::{Config, Limits};
use weir_sim::{Recorded, Scrape, Upstream};

use crate::rig::{Api, Client, DEADLINE, End, ProxyGuard, Request, ask, config, engine, route};
use crate::scene::{all, outcomes};

/// How many series there are, those of the process left out.
fn series(scrape: &Scrape) -> usize {
    scrape.samples().filter(|sample| !sample.name.starts_with("process_")).count()
}

/// (20) <https://github.com/maximhq/bifrost/issues/3789>: a key for each execution made 82,016 series of one
/// histogram, and a scrape of 182 MB.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bifrost_3789_keys_make_no_series() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let mut client = Client::connect(proxy.engine()).await;
    let mut sizes = Vec::new();
    for number in 0..300 {
        let key = format!("Bearer sk-{number}");
        let request = Api::Chat.request(false).header("authorization", &key);
        let request = request.header("x-api-key", &key).header("x-execution", &key);
        assert_eq!(client.ask(&request).await.status, 200);
        if number % 299 == 0 {
            sizes.push(series(&proxy.settled().await));
        }
    }
    assert_eq!(sizes[0], sizes[1]);
}

/// (21) <https://github.com/BerriAI/litellm/issues/39136>, <https://github.com/BerriAI/litellm/issues/12159>,
/// <https://github.com/BerriAI/litellm/issues/27272>, <https://github.com/mozilla-ai/otari/issues/6>: any name in
/// `model` made series.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm_39136_junk_models_make_no_series() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let mut client = Client::connect(proxy.engine()).await;
    let mut sizes = Vec::new();
    for number in 0..300 {
        let junk = json!({"model": format!("junk-{number}"), "input": "x"});
        assert_eq!(client.ask(&Api::Embeddings.post(&junk)).await.status, 404);
        if number % 299 == 0 {
            sizes.push(series(&proxy.settled().await));
        }
    }
    assert_eq!(sizes[0], sizes[1]);
    let other = [("model", "other"), ("outcome", "not_found")];
    assert_eq!(proxy.settled().await.sum("llm_requests_total", &other), Some(300.0));
}

/// (22) <https://github.com/vllm-project/production-stack/issues/1072>, <https://github.com/api7/aisix/issues/850>: tables
/// of requests were never cleared, and histograms kept every sample.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_stack_1072_nothing_is_left_of_a_request() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let mut sizes = Vec::new();
    for number in 0..400 {
        match number % 4 {
            0 => {
                let mut client = Client::connect(proxy.engine()).await;
                client.send(Api::Chat.request(true).head_bytes()).await;
                client.leave();
            }
            1 => drop(ask(proxy.engine(), &Request::get("/nowhere")).await),
            2 => {
                let broken = Api::Chat.request(true).header("x-sim", "fault=reset_mid_event:1");
                ask(proxy.engine(), &broken).await;
            }
            _ => drop(ask(proxy.engine(), &Api::Chat.request(true)).await),
        }
        if number == 7 || number == 399 {
            proxy.settled().await;
            sizes.push(proxy.page("/metrics").await.body.len());
        }
    }
    assert_eq!(proxy.json("/status").await["requests_in_flight"], 0);
    // Numbers have a few more digits.
    assert!(sizes[1] < sizes[0] + sizes[0] / 10, "{sizes:?} bytes");
}

/// (22) <https://github.com/cloudflare/pingora/issues/563>: idle connections over HTTP/2 stayed open for ever; a
/// server had 32 GB of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pingora_563_idle_connections_over_http_2_are_closed() {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GOAWAY: u8 = 7;
    let sim = Upstream::builder().start().await.unwrap();
    let hasty = Config {
        limits: Limits { idle: Duration::from_secs(1), ..Limits::default() },
        ..config([engine([route("default", &sim.url())])])
    };
    let proxy = ProxyGuard::start(&hasty);
    let mut client = Client::connect(proxy.engine()).await;
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    client.send(SETTINGS).await;
    // It is told first: whoever sends a request at that moment knows that it was not taken.
    let (said, end) = client.rest().await;
    let mut frames = Vec::new();
    let mut left = &said[..];
    while let [a, b, c, kind, ..] = left {
        frames.push(*kind);
        left = &left[9 + (usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c))..];
    }
    assert!(frames.contains(&GOAWAY) && end == End::Closed, "{frames:?}, {end:?}");
}

/// (22) <https://github.com/cloudflare/pingora/issues/447>: idle connections of clients stayed open for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pingora_447_idle_connections_are_closed() {
    let sim = Upstream::builder().start().await.unwrap();
    let hasty = Config {
        limits: Limits { idle: Duration::from_secs(1), ..Limits::default() },
        ..config([engine([route("default", &sim.url())])])
    };
    let proxy = ProxyGuard::start(&hasty);
    let mut client = Client::connect(proxy.engine()).await;
    assert_eq!(client.ask(&Api::Chat.request(true)).await.end, End::Complete);
    assert_eq!(client.rest().await, (Vec::new(), End::Closed));
    assert_eq!(outcomes(&proxy.settled().await), all("success", 1));
}

/// (23) <https://docs.litellm.ai/docs/proxy/prometheus>: a scrape kept the workers from their requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm_docs_a_scrape_needs_no_worker() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let mut client = Client::connect(proxy.engine()).await;
    let endless = Api::Chat.request(true).header("x-sim", "tokens=1000000,gap=1ms");
    client.send(endless.bytes()).await;
    let mut read = 0;
    for _ in 0..50 {
        // Scrapes that nobody reads hold up neither the stream nor the next scrape.
        let mut unread = Client::with_small_window(proxy.admin()).await;
        unread.send(Request::get("/metrics").bytes()).await;
        assert_eq!(proxy.page("/metrics").await.status, 200);
        let so_far = read;
        read = client.read_until(|input| input.len() > so_far).await.len();
        drop(unread);
    }
    client.leave();
    let left = |seen: &[Recorded]| seen[0].client_left();
    sim.wait_for(left, DEADLINE, "the upstream is told").await;
    assert_eq!(outcomes(&proxy.settled().await), all("client_closed_mid_stream", 1));
}

/// (23) <https://github.com/BerriAI/litellm/issues/33959>, <https://github.com/BerriAI/litellm/issues/31454>: nobody could
/// tell the gateway's own time from the model's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm_33959_what_weir_takes_is_told_apart() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    ask(proxy.engine(), &Api::Chat.request(true).header("x-sim", "ttft=500ms")).await;
    let scrape = proxy.settled().await;
    let sum = |name| scrape.sum(name, &[]).unwrap();
    assert_eq!(sum("llm_proxy_overhead_seconds_count"), 1.0);
    assert_eq!(sum("llm_upstream_connect_seconds_count"), 1.0);
    let (first, all) =
        (sum("llm_time_to_first_token_seconds_sum"), sum("llm_request_duration_seconds_sum"));
    let own = sum("llm_proxy_overhead_seconds_sum") + sum("llm_upstream_connect_seconds_sum");
    assert!(first >= 0.5 && own + first <= all, "{own} s and {first} s of {all} s");
}
