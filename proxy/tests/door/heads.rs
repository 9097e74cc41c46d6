//! How large a request's head may be, and how long it may take.

use std::time::Duration;

use tokio::time::Instant;
use weir_proxy::Limits;
use weir_sim::Upstream;

use crate::refused::{assert_refused, limited, refused, rejected, rejections};
use crate::rig::{Api, Client, Request, ask};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_head_is_refused_in_words() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = limited(&sim, Limits { head: 8 << 10, ..Limits::default() });
    for api in [Api::Chat, Api::Messages] {
        let fits = api.request(true).header("x-filler", &"x".repeat(7000));
        assert_eq!(ask(proxy.engine(), &fits).await.status, 200);
        let large = api.request(true).header("x-filler", &"x".repeat(9000));
        assert_refused(&ask(proxy.engine(), &large).await, api, 431, "head_too_large");
        let many = (0..200).fold(api.request(false), |request, number| {
            request.header(&format!("x-filler-{number}"), &"x".repeat(40))
        });
        assert_refused(&ask(proxy.engine(), &many).await, api, 431, "head_too_large");
    }
    let long = Request::get(&format!("/v1/models?{}", "x".repeat(9000)));
    assert_eq!(ask(proxy.engine(), &long).await.status, 431);
    let scrape = proxy.settled().await;
    assert_eq!(rejections(&scrape, "head_too_large"), 5.0);
    assert_eq!(rejected(&scrape, "default"), 4.0, "what runs no model is no request for one");
    assert_eq!(sim.totals().requests, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_does_not_end_is_not_held() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = limited(&sim, Limits { head: 8 << 10, ..Limits::default() });
    let mut client = Client::connect(proxy.engine()).await;
    client.send("GET /v1/models HTTP/1.1\r\nhost: a\r\nx-filler: ").await;
    for _ in 0..200 {
        // It may be refused before all of it was taken.
        if client.try_send("x".repeat(4096)).await.is_err() {
            break;
        }
    }
    assert_refused(&client.answer().await, Api::Chat, 431, "head_too_large");
    let scrape = refused(&proxy, "head_too_large", 1.0).await;
    assert_eq!(rejected(&scrape, "unrouted"), 1.0);
}

/// A head of real clients: long tokens, cookies, trace headers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_defaults_leave_room() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = limited(&sim, Limits::default());
    let request = (0..150).fold(Api::Chat.request(true), |request, number| {
        request.header(&format!("x-header-{number}"), &"v".repeat(4000))
    });
    assert_eq!(ask(proxy.engine(), &request).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_trickles_is_given_up() {
    let sim = Upstream::builder().start().await.unwrap();
    let head_timeout = Duration::from_millis(400);
    let proxy = limited(&sim, Limits { head_timeout, ..Limits::default() });
    // At first, and as a second request of a connection.
    for served in [0, 1] {
        let mut client = Client::connect(proxy.engine()).await;
        for _ in 0..served {
            assert_eq!(client.ask(&Api::Chat.request(true)).await.status, 200);
        }
        let begun = Instant::now();
        let mut head = Api::Chat.request(true).head_bytes().into_iter().cycle();
        // The bytes come faster than any pause would be, and never end a line.
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while client.try_send([head.next().unwrap_or(b'x').max(b'a')]).await.is_ok() {
            ticks.tick().await;
            assert!(begun.elapsed() < Duration::from_secs(10), "it is served for ever");
        }
        let (rest, end) = client.rest().await;
        let rest = String::from_utf8(rest).unwrap();
        assert!(rest.starts_with("HTTP/1.1 408"), "{rest:?}, {end:?}");
    }
    let scrape = refused(&proxy, "request_timeout", 2.0).await;
    assert_eq!(rejected(&scrape, "unrouted"), 2.0);
}
