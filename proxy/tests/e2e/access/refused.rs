//! What is refused: by each reason, in the shape of each API, streamed or not.

use weir_proxy::{Clients, Config, Network, Per, Rate, RouteAccess};
use weir_sim::Upstream;
use weir_wire::{Class, Endpoint};

use super::{KEY_A, KEY_B, assert_refused, house, key, keyed, only, rejected, with_key};
use crate::rig::{Api, Client, ProxyGuard, Request, ask, config, engine, route};

/// The APIs whose clients differ.
const APIS: [Api; 5] =
    [Api::Chat, Api::Completions, Api::Responses, Api::Messages, Api::Embeddings];

/// Asks every API as `change` makes it, and asserts that it is refused, counted and not sent on.
async fn assert_all_refused(
    access: RouteAccess,
    code: u16,
    reason: &str,
    change: impl Fn(Request) -> Request,
) {
    let (sim, proxy) = house(access, Clients::default()).await;
    let mut count = 0.0;
    for api in APIS {
        for stream in [false, true] {
            let answer = ask(proxy.engine(), &change(api.request(stream && api.streams()))).await;
            assert_refused(&answer, api, code, reason);
            count += 1.0;
        }
        let scrape = proxy.settled().await;
        let labels = [("endpoint", api.label()), ("model", "unknown"), ("outcome", "rejected")];
        assert_eq!(scrape.value("llm_requests_total", &labels), Some(2.0), "{api:?}");
    }
    let scrape = proxy.settled().await;
    assert_eq!(rejected(&scrape, reason), count);
    assert_eq!(scrape.sum("weir_rejections_total", &[]), Some(count), "one reason each");
    assert_eq!(scrape.sum("llm_requests_total", &[]), Some(count));
    let code = code.to_string();
    assert_eq!(scrape.value("llm_responses_total", &[("code", &code)]), Some(count));
    assert_eq!(scrape.sum("weir_passthrough_requests_total", &[("route", "default")]), Some(0.0));
    assert!(sim.requests().is_empty(), "nothing reached the upstream");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_shows_no_key_that_is_known() {
    for (name, value) in [
        ("x-nothing", ""),
        ("authorization", "Bearer sk-nobody-s"),
        ("authorization", &format!("Basic {KEY_A}")),
        ("authorization", KEY_A),
        ("authorization", &format!("Bearer {KEY_A}x")),
        ("x-api-key", "sk-nobody-s"),
        ("api-key", KEY_A),
        ("cookie", KEY_A),
    ] {
        let change = |request: Request| request.header(name, value);
        assert_all_refused(keyed(), 401, "unauthorized", change).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_not_on_the_routes_lists() {
    let lists = [
        RouteAccess { keys: only(&["team-a"]), ..keyed() },
        RouteAccess { networks: vec![Network::parse("10.0.0.0/8").unwrap()], ..keyed() },
        RouteAccess { endpoints: vec![Class::Llm(Endpoint::Rerank)], ..keyed() },
    ];
    for access in lists {
        let change = |request| with_key(request, KEY_B).header("x-forwarded-for", "10.0.0.1");
        assert_all_refused(access, 403, "forbidden", change).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_used_too_often() {
    let sim = Upstream::builder().start().await.unwrap();
    let mut only = route("default", &sim.url());
    only.access = keyed();
    let rated = key("team-a", KEY_A, Rate::new(2, Per::Hour));
    let keys = vec![rated, key("team-b", KEY_B, None)];
    let proxy = ProxyGuard::start(&Config { keys, ..config([engine([only])]) });
    // Of any kind.
    assert_eq!(ask(proxy.engine(), &with_key(Request::get("/v1/models"), KEY_A)).await.status, 200);
    let chat = || with_key(Api::Chat.request(true), KEY_A);
    assert_eq!(ask(proxy.engine(), &chat()).await.status, 200);
    for api in APIS {
        for stream in [false, true] {
            let request = with_key(api.request(stream && api.streams()), KEY_A);
            let answer = ask(proxy.engine(), &request).await;
            assert_refused(&answer, api, 429, "rate_limited");
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=1800).contains(&wait), "one comes each half hour, not after {wait} s");
        }
    }
    let other = with_key(Api::Chat.request(true), KEY_B);
    assert_eq!(ask(proxy.engine(), &other).await.status, 200, "the rate is of one key");
    let scrape = proxy.settled().await;
    assert_eq!(rejected(&scrape, "rate_limited"), 10.0);
    let labels = [("model", "unknown"), ("outcome", "rejected")];
    assert_eq!(scrape.sum("llm_requests_total", &labels), Some(10.0));
    assert_eq!(sim.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_no_model_is_counted_too() {
    let (sim, proxy) = house(keyed(), Clients::default()).await;
    for request in [
        Request::get("/v1/models"),
        Request::get("/health"),
        Request::post("/tokenize", "{}"),
        Request::get("/v1/models").method("OPTIONS"),
    ] {
        let answer = ask(proxy.engine(), &request).await;
        assert_refused(&answer, Api::Chat, 401, "unauthorized");
    }
    let answer = ask(proxy.engine(), &Request::head("/health")).await;
    assert_eq!((answer.status, answer.text()), (401, ""));
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("weir_passthrough_requests_total", &[("route", "default")]), Some(5.0));
    assert_eq!(rejected(&scrape, "unauthorized"), 5.0);
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "rejected")]).unwrap_or(0.0), 0.0);
    assert!(sim.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_has_to_send_a_body_in_vain() {
    let (sim, proxy) = house(keyed(), Clients::default()).await;
    let long = Request::post(Api::Chat.path(), vec![b'w'; 300_000]);
    for head in [long.clone(), long.clone().chunked(1_000), long.header("expect", "100-continue")] {
        let mut client = Client::connect(proxy.engine()).await;
        client.send(head.head_bytes()).await;
        let answer = client.answer().await;
        assert_refused(&answer, Api::Chat, 401, "unauthorized");
        assert!(answer.informational.is_empty(), "no 100 Continue");
    }
    // Who sends it all the same can read the answer.
    let answer = ask(proxy.engine(), &Request::post(Api::Chat.path(), vec![b'w'; 3 << 20])).await;
    assert_refused(&answer, Api::Chat, 401, "unauthorized");
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "rejected")]), Some(4.0));
    assert!(sim.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_without_a_key() {
    let (sim, proxy) = house(keyed(), Clients::default()).await;
    let upgrade = Request::get("/v1/realtime?model=tiny")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let answer = ask(proxy.engine(), &upgrade).await;
    assert_refused(&answer, Api::Chat, 401, "unauthorized");
    let scrape = proxy.settled().await;
    let labels = [("endpoint", "realtime"), ("model", "unknown"), ("outcome", "rejected")];
    assert_eq!(scrape.value("llm_requests_total", &labels), Some(1.0));
    assert!(sim.requests().is_empty());
}
