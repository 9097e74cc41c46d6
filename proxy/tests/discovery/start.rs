//! Before discovery has answered.

use weir_sim::{DeadPort, Upstream, eventually};

use crate::rig::discovery::{Discovery, named, page};
use crate::rig::{ProxyGuard, Request, route};
use crate::{DEADLINE, chat, following, send, until_failing, until_routes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_served_before_the_first_answer_and_everybody_is_told() {
    let dead = DeadPort::new().unwrap();
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::start(&following(&dead.url(), []));
    let answer = send(&proxy, &chat("", "tiny")).await;
    assert_eq!((answer.status, answer.header("x-weir-error")), (503, Some("no_route_now")));
    assert!(
        answer.text().contains("no route here yet: discovery has not answered"),
        "{}",
        answer.text()
    );
    assert!(!answer.text().contains(&dead.url()), "clients learn no addresses");
    assert_eq!(send(&proxy, &Request::get("/a/v1/models")).await.status, 503);

    until_failing(&proxy, "GET /routes: Connection refused").await;
    let ready = proxy.page("/ready").await;
    assert_eq!(ready.status, 503);
    let expected =
        format!("no route yet: discovery at {} has not answered (GET /routes: Conn", dead.url());
    assert!(ready.text().contains(&expected), "{}", ready.text());
    let scrape = proxy.scrape().await;
    let discovery = [("source", "discovery")];
    assert_eq!(scrape.value("weir_source_up", &discovery), Some(0.0));
    assert_eq!(scrape.value("weir_source_last_success_timestamp_seconds", &discovery), None);

    let addr = dead.addr();
    drop(dead);
    let _discovery = Discovery::start_at(addr, page(&[named("a", &sim.url(), &["tiny"])])).await;
    until_routes(&proxy, &["a"]).await;
    assert_eq!(proxy.page("/ready").await.status, 200);
    assert_eq!(send(&proxy, &chat("", "tiny")).await.status, 200);
    let scrape = proxy.settled().await;
    assert_eq!(scrape.value("weir_source_up", &discovery), Some(1.0));
    let read = scrape.value("weir_source_last_success_timestamp_seconds", &discovery).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!((0.0..60.0).contains(&(now.as_secs_f64() - read)), "{read}");
    let rejected = [("route", "unrouted"), ("outcome", "rejected")];
    assert_eq!(scrape.sum("llm_requests_total", &rejected), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_configured_is_served_without_an_answer() {
    let dead = DeadPort::new().unwrap();
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::start(&following(&dead.url(), [route("own", &sim.url())]));
    assert_eq!(proxy.page("/ready").await.status, 200);
    assert_eq!(send(&proxy, &chat("", "tiny")).await.status, 200);
    until_failing(&proxy, "Connection refused").await;
    assert_eq!(send(&proxy, &chat("/own", "tiny")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_routes_is_an_answer() {
    let discovery = Discovery::start(page(&[])).await;
    let proxy = ProxyGuard::start(&following(&discovery.url(), []));
    let ready = async || (proxy.page("/ready").await.status == 200).then_some(());
    eventually(DEADLINE, "it is ready", ready).await;
    let answer = send(&proxy, &chat("", "tiny")).await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("finds no engine"), "{}", answer.text());
}

/// An engine that is found and answers nothing makes nothing else unready.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_hangs_is_no_reason_not_to_be_ready() {
    let hanging = crate::rig::scripted::Scripted::start([crate::rig::scripted::Step::Stall]).await;
    let discovery = Discovery::start(page(&[named("a", &hanging.url(), &["tiny"])])).await;
    let proxy = crate::proxy(&discovery, &["a"]).await;
    assert_eq!(proxy.json("/status").await["routes"][0]["models_poll"], "asking");
    assert_eq!(proxy.page("/ready").await.status, 200);
}
