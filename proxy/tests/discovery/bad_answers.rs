//! Whatever discovery answers, or fails to, the last good routes stay in force.

use serde_json::json;
use weir_sim::Upstream;

use crate::rig::ProxyGuard;
use crate::rig::discovery::{Discovery, Says, answer, named, page};
use crate::{chat, proxy, send, until_failing, until_routes};

fn up(scrape: &weir_sim::Scrape) -> Option<f64> {
    scrape.value("weir_source_up", &[("source", "discovery")])
}

async fn serves(proxy: &ProxyGuard) {
    assert_eq!(send(proxy, &chat("", "tiny")).await.status, 200);
    assert_eq!(send(proxy, &chat("/a", "tiny")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_good_routes_stay_whatever_comes() {
    let sim = Upstream::builder().start().await.unwrap();
    let good = page(&[named("a", &sim.url(), &["tiny"])]);
    let many: Vec<_> = (0..257).map(|n| named(&format!("r{n}"), &sim.url(), &[])).collect();
    let discovery = Discovery::start(good.clone()).await;
    let proxy = proxy(&discovery, &["a"]).await;
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"version\":1".to_vec();
    let elsewhere = b"HTTP/1.1 302 X\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n".to_vec();
    for (says, words) in [
        (answer(500, ""), "GET /routes was answered with status 500"),
        (answer(503, "{\"version\":1,\"routes\":[]}"), "answered with status 503"),
        (answer(401, ""), "answered with status 401"),
        (Says::Bytes(elsewhere), "answered with status 302"),
        (answer(200, "[]"), "GET /routes: the answer is no JSON object"),
        (answer(200, "{\"version\":2,\"routes\":[]}"), "the answer is of a version other than 1"),
        (page(&many), "the answer names more than 256 routes"),
        (Says::Bytes(cut), "GET /routes: "),
        (Says::Bytes(b"\x00\x01\x02\xff\r\n\r\n".to_vec()), "GET /routes: "),
        (Says::Bytes(Vec::new()), "GET /routes: "),
        (Says::Endless, "the answer is larger than 1048576 bytes"),
        (Says::Hangs, "no answer within 5s"),
    ] {
        discovery.says(says);
        until_failing(&proxy, words).await;
        assert_eq!(up(&proxy.scrape().await), Some(0.0), "{words}");
        serves(&proxy).await;
    }
    assert_eq!(proxy.page("/ready").await.status, 200);
    discovery.says(good);
    let is_up = async || (up(&proxy.scrape().await) == Some(1.0)).then_some(());
    weir_sim::eventually(crate::DEADLINE, "discovery is up again", is_up).await;
    assert_eq!(discovery.asked().last().unwrap().status, 304, "nothing was forgotten");
    serves(&proxy).await;
    let scrape = proxy.settled().await;
    let outcomes = scrape.sum("llm_requests_total", &[("outcome", "success")]);
    assert_eq!(outcomes, Some(26.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_answers_changes_nothing() {
    let sim = Upstream::builder().start().await.unwrap();
    let discovery = Discovery::start(page(&[named("a", &sim.url(), &["tiny"])])).await;
    let proxy = proxy(&discovery, &["a"]).await;
    let addr = discovery.addr();
    drop(discovery);
    until_failing(&proxy, "Connection refused").await;
    serves(&proxy).await;
    let other = Upstream::builder().start().await.unwrap();
    let _again = Discovery::start_at(addr, page(&[named("b", &other.url(), &["tiny"])])).await;
    until_routes(&proxy, &["b"]).await;
    assert_eq!(send(&proxy, &chat("", "tiny")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_route_is_left_out_and_the_others_are_served() {
    let sim = Upstream::builder().start().await.unwrap();
    let mut at_edge = named("front", &sim.url(), &["tiny"]);
    at_edge["listener"] = json!("edge");
    let with_secret = named("b", "http://me:secret@127.0.0.1:1", &["tiny"]);
    let good = named("a", &sim.url(), &["tiny"]);
    let discovery = Discovery::start(page(&[at_edge, with_secret, good])).await;
    let proxy = proxy(&discovery, &["a"]).await;
    serves(&proxy).await;
    let page = proxy.page("/status").await;
    assert!(!page.text().contains("secret"), "{}", page.text());
    let left_out = page.json()["discovery"]["left_out"].clone();
    let left_out: Vec<_> =
        left_out.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(left_out[0].starts_with("front: its listener is not \"engine\""), "{left_out:?}");
    assert!(left_out[1].starts_with("b: its upstream is not a URL without a user"), "{left_out:?}");
    assert_eq!(page.json()["discovery"]["up"], true);
}
