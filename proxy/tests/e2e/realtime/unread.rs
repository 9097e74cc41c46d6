//! WebSockets that are not read: with compressed messages, or of no known API.

use weir_proxy::RouteConfig;
use weir_sim::{Plan, Upstream};

use super::{CREATE, SWITCHED, WITH_MODEL, assert_bytes, outcome, tokens};
use crate::rig::scripted::{Scripted, Step};
use crate::rig::websocket::{BINARY, TEXT, masked};
use crate::rig::{ProxyGuard, WebSocket, config, engine, route, upgrade};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_compressed_only_where_the_route_says_pass() {
    let offer = "permessage-deflate; client_max_window_bits";
    for passes in [false, true] {
        let plan = Plan { prompt_tokens: Some(40), ..Plan::tokens(2) };
        let sim = Upstream::builder().plan(plan).start().await.unwrap();
        let only = RouteConfig { pass_accept_encoding: passes, ..route("default", &sim.url()) };
        let proxy = ProxyGuard::start(&config([engine([only])]));
        let request = upgrade(WITH_MODEL).header("Sec-WebSocket-Extensions", offer);
        let mut socket = WebSocket::open(proxy.engine(), &request).await;
        let agreed = socket.head.header("sec-websocket-extensions");
        assert_eq!(agreed.is_some(), passes, "{agreed:?}");
        let asked = sim.requests()[0].header("sec-websocket-extensions").map(str::to_owned);
        assert_eq!(asked.as_deref(), passes.then_some(offer));
        // RSV1 marks a compressed message.
        let first = if passes { 0xc1 } else { TEXT };
        assert_eq!(socket.frame().await.0, first, "passes: {passes}");
        socket.send(CREATE).await;
        // Created, two deltas, their sum, done.
        for _ in 0..5 {
            assert_eq!(socket.frame().await.0, first, "passes: {passes}");
        }
        socket.close().await;
        let (outcome, scrape) = outcome(&proxy).await;
        assert_eq!(outcome, "success", "passes: {passes}");
        let output = (!passes).then_some(2.0);
        assert_eq!(tokens(&scrape, "output"), output, "passes: {passes}");
        let unread = scrape.value("weir_meter_degraded_total", &[("reason", "encoded")]);
        assert_eq!(unread, Some(f64::from(u8::from(passes))), "passes: {passes}");
        let sizes = scrape.sum("llm_response_size_bytes_sum", &[]);
        assert_eq!(sizes, Some(socket.received as f64), "passes: {passes}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_of_no_known_api_passes() {
    let upstream = Scripted::start([Step::Read, Step::Send(SWITCHED.into()), Step::Echo]).await;
    let proxy = ProxyGuard::start(&config([engine([route("default", &upstream.url())])]));
    for count in 1..=2 {
        let request = upgrade("/v1/audio/speech/stream")
            .header("sec-websocket-extensions", "permessage-deflate");
        let mut socket = WebSocket::open(proxy.engine(), &request).await;
        let bytes = masked(BINARY, &[7; 70_000]);
        socket.send_bytes(&bytes).await;
        assert_bytes(&socket.take(bytes.len()).await, &bytes, "passed through");
        let head = String::from_utf8_lossy(&upstream.newest()).to_lowercase();
        assert!(head.contains("sec-websocket-extensions: permessage-deflate\r\n"), "{head}");
        assert_eq!(proxy.json("/status").await["requests_in_flight"], 1);
        socket.client.leave();
        let scrape = proxy.settled().await;
        let passed = scrape.sum("weir_passthrough_requests_total", &[]);
        assert_eq!(passed, Some(f64::from(count)));
        assert_eq!(scrape.sum("llm_requests_started_total", &[("endpoint", "realtime")]), None);
    }
}
