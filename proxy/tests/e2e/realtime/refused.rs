//! Sessions that never begin.

use weir_sim::{DeadPort, Engine, Plan, Upstream};

use super::{PATH, WITH_MODEL, outcome, start};
use crate::rig::{
    Api, Client, ProxyGuard, Request, WebSocket, ask, assert_same, both, config, engine, route,
    upgrade,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_upgrade_is_an_answer_like_any_other() {
    for (plan, status, expected) in [
        ("fault=status:400", 400, "bad_request"),
        ("fault=status:401", 401, "unauthorized"),
        ("fault=status:403:plain", 403, "unauthorized"),
        ("fault=status:404", 404, "not_found"),
        ("fault=status:429", 429, "rate_limited"),
        ("fault=status:500:html", 500, "upstream_error"),
        ("fault=status:503:empty", 503, "overloaded"),
    ] {
        let (sim, proxy) = start(Plan::default()).await;
        let request = upgrade(WITH_MODEL).header("x-sim", plan);
        let (direct, through) = both(&sim, proxy.engine(), &request).await;
        assert_eq!(direct.status, status, "{plan}");
        assert_same(&direct, &through);
        let (outcome, scrape) = outcome(&proxy).await;
        assert_eq!(outcome, expected, "{plan}");
        let labels = [("endpoint", "realtime"), ("model", "tiny")];
        assert_eq!(scrape.value("llm_requests_started_total", &labels), Some(1.0), "{plan}");
    }
    for (path, expected) in [(PATH, "bad_request"), (WITH_MODEL, "bad_request")] {
        let (sim, proxy) = start(Plan::default()).await;
        let old =
            upgrade(path).without("sec-websocket-version").header("sec-websocket-version", "8");
        let (direct, through) = both(&sim, proxy.engine(), &old).await;
        assert_eq!((direct.status, through.header("sec-websocket-version")), (426, Some("13")));
        assert_same(&direct, &through);
        assert_eq!(outcome(&proxy).await.0, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_before_the_upgrade_are_weirs_to_tell() {
    for (plan, expected, status) in [
        ("fault=reset_before_head", "upstream_reset", 502),
        ("fault=close_before_head", "upstream_reset", 502),
        ("fault=nonsense", "upstream_error", 502),
        ("fault=oversized_head", "upstream_error", 502),
    ] {
        let (_sim, proxy) = start(Plan::default()).await;
        let answer = ask(proxy.engine(), &upgrade(WITH_MODEL).header("x-sim", plan)).await;
        assert_eq!(answer.status, status, "{plan}");
        assert_eq!(outcome(&proxy).await.0, expected, "{plan}");
    }
    let nobody = DeadPort::new().unwrap();
    let proxy = ProxyGuard::start(&config([engine([route("default", &nobody.url())])]));
    assert_eq!(ask(proxy.engine(), &upgrade(PATH)).await.status, 502);
    assert_eq!(outcome(&proxy).await.0, "connect_failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_has_a_connection_of_its_own() {
    let (sim, proxy) = start(Plan::tokens(2)).await;
    ask(proxy.engine(), &Api::Chat.request(true)).await;
    proxy.settled().await;
    let mut socket = WebSocket::open(proxy.engine(), &upgrade(WITH_MODEL)).await;
    socket.close_after_greeting().await;
    proxy.settled().await;
    let connections: Vec<_> = sim.requests().iter().map(|seen| seen.connection).collect();
    assert_ne!(connections[0], connections[1], "one that may be stale is not taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_get_that_asks_for_no_websocket_is_a_page() {
    let (sim, proxy) = start(Plan::default()).await;
    let h2c = upgrade(PATH).without("upgrade").header("upgrade", "h2c");
    let requests =
        [Request::get(PATH), Request::get(WITH_MODEL), upgrade(PATH).without("upgrade"), h2c];
    for request in &requests {
        let (direct, through) = both(&sim, proxy.engine(), request).await;
        assert_eq!(direct.status, 404);
        assert_same(&direct, &through);
    }
    // The connection goes on after such an answer.
    let mut client = Client::connect(proxy.engine()).await;
    assert_eq!(client.ask(&Request::get(PATH)).await.status, 404);
    assert_eq!(client.ask(&Api::Chat.request(true)).await.status, 200);
    let scrape = proxy.settled().await;
    let passed = scrape.sum("weir_passthrough_requests_total", &[]);
    assert_eq!(passed, Some(requests.len() as f64 + 1.0));
    assert_eq!(scrape.sum("llm_requests_started_total", &[("endpoint", "realtime")]), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_realtime_says_so() {
    let older = Upstream::builder().engine(Engine::vllm("0.15.0")).start().await.unwrap();
    let proxy = ProxyGuard::to(&older);
    assert_eq!(ask(proxy.engine(), &upgrade(PATH)).await.status, 404);
    assert_eq!(outcome(&proxy).await.0, "not_found");
}

/// `upgrade` belongs to the connection only if `connection` says so (RFC 9110, section 7.8).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_that_the_connection_does_not_name_is_none() {
    let (sim, proxy) = start(Plan::default()).await;
    let request = upgrade(WITH_MODEL).without("connection");
    assert_eq!(ask(sim.addr(), &request).await.status, 404);
    let mut client = Client::connect(proxy.engine()).await;
    client.send(request.bytes()).await;
    assert_eq!(client.head().await.status, 404);
    client.leave();
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("weir_passthrough_requests_total", &[]), Some(1.0), "it is a page");
}
