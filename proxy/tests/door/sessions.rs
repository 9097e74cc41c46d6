//! A session over a WebSocket is an answer: no limit on requests ends it.

use std::time::Duration;

use weir_proxy::Limits;
use weir_sim::{Plan, Upstream};

use crate::refused::limited;
use crate::rig::{WebSocket, upgrade};

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_may_be_silent_for_longer_than_any_request_may_take() {
    let sim = Upstream::builder().plan(Plan::tokens(3)).start().await.unwrap();
    let limits = Limits {
        head_timeout: SHORT,
        pause: SHORT,
        body_timeout: SHORT,
        idle: Duration::from_secs(1),
        body: 100,
        ..Limits::default()
    };
    let proxy = limited(&sim, limits);
    let mut socket = WebSocket::open(proxy.engine(), &upgrade("/v1/realtime?model=tiny")).await;
    assert_eq!(socket.message().await["type"], "session.created");
    // Not to wait for something: to let the time pass.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    for _ in 0..3 {
        socket.send(r#"{"type":"response.create"}"#).await;
        socket.message_of("response.done").await;
    }
    socket.close().await;
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "success")]), Some(1.0));
    assert_eq!(scrape.sum("weir_rejections_total", &[]), Some(0.0));
}
