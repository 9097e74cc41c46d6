//! How large a request's body may be, and how long it may take.

use std::time::Duration;

use tokio::time::Instant;
use weir_proxy::Limits;
use weir_sim::Upstream;

use crate::refused::{assert_refused, limited, rejected, rejections};
use crate::rig::{Api, Client, Request, ask, edge, engine};

fn large(api: Api, size: usize) -> Request {
    let body = api.body("tiny", true).to_string();
    Request::post(api.path(), body.replacen('{', &format!("{{\"x\":\"{}\",", "x".repeat(size)), 1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_is_refused_whether_its_length_is_told_or_not() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = limited(&sim, Limits { body: 1 << 20, ..Limits::default() });
    for api in [Api::Chat, Api::Messages] {
        let fits = large(api, 1_000_000);
        assert_eq!(ask(proxy.engine(), &fits).await.status, 200);
        assert_eq!(ask(proxy.engine(), &fits.chunked(10_000)).await.status, 200);
        let before = sim.totals().requests;
        // The client sends all of it before it reads: its answer must not be lost by a reset.
        let told = large(api, 5_000_000);
        assert_refused(&ask(proxy.engine(), &told).await, api, 413, "body_too_large");
        assert_eq!(sim.totals().requests, before, "not a byte of it was sent on");
        let untold = large(api, 5_000_000).chunked(10_000);
        assert_refused(&ask(proxy.engine(), &untold).await, api, 413, "body_too_large");
    }
    let absurd = Request::post(Api::Chat.path(), "{}")
        .without("content-length")
        .method("POST")
        .header("x-a", "b");
    let mut client = Client::connect(proxy.engine()).await;
    let head = String::from_utf8(absurd.head_bytes()).unwrap();
    let head = head.replace("content-length: 2", "content-length: 18446744073709551615");
    client.send(head).await;
    assert_refused(&client.answer().await, Api::Chat, 413, "body_too_large");
    let scrape = proxy.settled().await;
    assert_eq!(rejections(&scrape, "body_too_large"), 5.0);
    assert_eq!(rejected(&scrape, "default"), 5.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_of_no_known_route_is_refused_too() {
    let sim = Upstream::builder().start().await.unwrap();
    let routes = ["one", "two"].map(|name| crate::rig::route(name, &sim.url()));
    let config = crate::rig::config([engine(routes)]);
    let limits = Limits { body: 1 << 20, ..Limits::default() };
    let proxy = crate::rig::ProxyGuard::start(&weir_proxy::Config { limits, ..config });
    let answer = ask(proxy.engine(), &large(Api::Chat, 5_000_000)).await;
    assert_refused(&answer, Api::Chat, 413, "body_too_large");
    assert_eq!(rejected(&proxy.settled().await, "unrouted"), 1.0);
    assert_eq!(sim.totals().requests, 0);
}

/// What pretends to be a WebSocket is a request like others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_that_is_none_does_not_lift_the_limits() {
    let sim = Upstream::builder().start().await.unwrap();
    let limits = Limits { body: 1 << 20, pause: Duration::from_millis(300), ..Limits::default() };
    let proxy = limited(&sim, limits);
    let pretending =
        |request: Request| request.header("connection", "upgrade").header("upgrade", "websocket");
    let untold = pretending(large(Api::Chat, 5_000_000)).chunked(10_000);
    assert_refused(&ask(proxy.engine(), &untold).await, Api::Chat, 413, "body_too_large");
    let mut client = Client::connect(proxy.engine()).await;
    let request = pretending(large(Api::Chat, 500));
    client.send(request.head_bytes()).await;
    client.send("{").await;
    assert_refused(&client.answer().await, Api::Chat, 408, "request_timeout");
    let fine = pretending(Api::Chat.request(true));
    assert_eq!(ask(proxy.engine(), &fine).await.status, 200);
}

/// An answer that comes before all of the request is the upstream's, whatever the client does then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_answer_is_no_refusal_of_weirs() {
    use crate::rig::scripted::{Scripted, Step};
    let answer = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}".to_vec();
    let upstream = Scripted::start([Step::Send(answer), Step::Stall]).await;
    let config = crate::rig::config([engine([crate::rig::route("default", &upstream.url())])]);
    let limits = Limits { pause: Duration::from_millis(300), ..Limits::default() };
    let proxy = crate::rig::ProxyGuard::start(&weir_proxy::Config { limits, ..config });
    let mut client = Client::connect(proxy.engine()).await;
    let request = large(Api::Chat, 200_000);
    client.send(request.head_bytes()).await;
    client.send(&request.body_bytes()[..100]).await;
    assert_eq!(client.answer().await.status, 401);
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "unauthorized")]), Some(1.0));
    assert_eq!(scrape.sum("weir_rejections_total", &[]), Some(0.0));
}

/// Sends the head and one byte of the body each 20 ms, until nothing is taken any more.
async fn trickle(client: &mut Client, request: &Request) {
    client.send(request.head_bytes()).await;
    let begun = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for byte in request.body_bytes() {
        ticks.tick().await;
        if client.try_send([byte]).await.is_err() || begun.elapsed() > Duration::from_secs(3) {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_trickles_or_stops_is_given_up() {
    let sim = Upstream::builder().start().await.unwrap();
    let total = Limits { body_timeout: Duration::from_millis(500), ..Limits::default() };
    let pause = Limits { pause: Duration::from_millis(500), ..Limits::default() };
    for (limits, trickles) in [(total, true), (pause, false)] {
        // Read before anything is sent on, and not.
        for (api, size) in [(Api::Chat, 300), (Api::Messages, 300), (Api::Chat, 100_000)] {
            let proxy = limited(&sim, limits);
            let mut client = Client::connect(proxy.engine()).await;
            let request = large(api, size);
            if trickles {
                trickle(&mut client, &request).await;
            } else {
                client.send(request.head_bytes()).await;
                client.send(&request.body_bytes()[..100]).await;
            }
            let answer = client.answer().await;
            assert_refused(&answer, api, 408, "request_timeout");
            let scrape = proxy.settled().await;
            assert_eq!(rejections(&scrape, "request_timeout"), 1.0);
            assert_eq!(rejected(&scrape, "default"), 1.0);
        }
    }
}

/// A client whose bytes the upstream does not take is not slow itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_takes_its_time_is_no_fault_of_the_client() {
    use crate::rig::scripted::{Scripted, Step};
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec();
    let script = [Step::Wait(Duration::from_millis(1500)), Step::Read, Step::Send(answer)];
    let upstream = Scripted::start(script).await;
    let config = crate::rig::config([edge([crate::rig::route("default", &upstream.url())])]);
    let short = Duration::from_millis(300);
    let limits = Limits { pause: short, body_timeout: short, ..Limits::default() };
    let proxy = crate::rig::ProxyGuard::start(&weir_proxy::Config { limits, ..config });
    // More than fits between the two.
    let answer = ask(proxy.edge(), &large(Api::Chat, 30_000_000)).await;
    assert_eq!(answer.status, 200);
}

/// A body that is sent again counts once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_is_no_second_body() {
    use crate::rig::scripted::{Scripted, Step, whole};
    let first = vec![Step::Read, Step::Send(whole("{}")), Step::Read, Step::Close];
    let good = vec![Step::Read, Step::Send(whole("{}")), Step::Stall];
    let upstream = Scripted::of(vec![first, good]).await;
    let config = crate::rig::config([engine([crate::rig::route("default", &upstream.url())])]);
    let limits = Limits { body: 60_000, ..Limits::default() };
    let proxy = crate::rig::ProxyGuard::start(&weir_proxy::Config { limits, ..config });
    assert_eq!(ask(proxy.engine(), &Request::get("/version")).await.status, 200);
    proxy.settled().await;
    assert_eq!(ask(proxy.engine(), &large(Api::Embeddings, 50_000)).await.status, 200);
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("weir_upstream_retries_total", &[]), Some(1.0));
}
