//! Limits on clients of HTTP/2.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use weir_proxy::Limits;
use weir_sim::Upstream;

use crate::h2_client::{H2, body, head, request, whole};
use crate::refused::{limited, refused, rejected, rejections};
use crate::rig::{Api, Client, End};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_and_bodies_have_limits() {
    let sim = Upstream::builder().start().await.unwrap();
    let limits = Limits { head: 8 << 10, body: 1 << 20, requests: 3, ..Limits::default() };
    let proxy = limited(&sim, limits);
    let mut client = H2::connect(proxy.engine()).await;
    let mut large = request(Api::Chat, "");
    large.headers_mut().insert("x-filler", "x".repeat(9000).parse().unwrap());
    let answer = client.ask(large, Some(body(Api::Chat, true))).await;
    assert_eq!((answer.status, answer.header("x-weir-error")), (431, Some("head_too_large")));
    // Small headers are as good as over HTTP/1, though the protocol counts each as 32 bytes more.
    let mut many = request(Api::Chat, "");
    for number in 0..200 {
        let name: http::HeaderName = format!("x-{number}").parse().unwrap();
        many.headers_mut().insert(name, "1".parse().unwrap());
    }
    assert_eq!(client.ask(many, Some(body(Api::Chat, true))).await.status, 200);

    for told in [true, false] {
        let mut head = request(Api::Messages, "");
        if told {
            head.headers_mut().insert("content-length", 2_000_000.into());
        }
        let (answer, mut sending) = client.begin(head, false).await;
        if !told {
            for _ in 0..40 {
                sending.reserve_capacity(65_000);
                let room = std::future::poll_fn(|cx| sending.poll_capacity(cx)).await;
                let Some(Ok(room)) = room else { break };
                if sending.send_data(Bytes::from(vec![b' '; room]), false).is_err() {
                    break;
                }
            }
        }
        let answer = whole(answer).await.unwrap();
        assert_eq!((answer.status, answer.header("x-weir-error")), (413, Some("body_too_large")));
    }

    let mut live = Vec::new();
    for _ in 0..3 {
        let sent = client.send(request(Api::Chat, "fault=stall:1"), Some(body(Api::Chat, true)));
        live.push(head(sent.await).await.unwrap());
    }
    let answer = client.ask(request(Api::Chat, ""), Some(body(Api::Chat, true))).await;
    assert_eq!((answer.status, answer.header("x-weir-error")), (503, Some("too_many_requests")));
    drop(live);
    let scrape = proxy.settled().await;
    assert_eq!(rejections(&scrape, "body_too_large"), 2.0);
    assert_eq!(rejections(&scrape, "head_too_large"), 1.0);
    assert_eq!(rejected(&scrape, "default"), 4.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_come_ends_its_stream_alone() {
    let sim = Upstream::builder().start().await.unwrap();
    let body_timeout = Duration::from_millis(300);
    let proxy = limited(&sim, Limits { body_timeout, ..Limits::default() });
    let mut client = H2::connect(proxy.engine()).await;
    let other =
        client.send(request(Api::Chat, "tokens=100,gap=10ms"), Some(body(Api::Chat, true))).await;
    let (answer, mut sending) = client.begin(request(Api::Chat, ""), false).await;
    sending.send_data(Bytes::from_static(b"{\"model\":"), false).unwrap();
    assert!(whole(answer).await.is_err_and(|error| error.is_reset()));
    let other = whole(other).await.unwrap();
    assert!(other.text().ends_with("data: [DONE]\n\n"), "longer than the limit, and untouched");
    let scrape = proxy.settled().await;
    assert_eq!(rejections(&scrape, "request_timeout"), 1.0);
    assert_eq!(rejected(&scrape, "default"), 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_without_streams_is_closed() {
    let sim = Upstream::builder().start().await.unwrap();
    let idle = Duration::from_secs(1);
    let proxy = limited(&sim, Limits { idle, ..Limits::default() });
    let mut client = H2::connect(proxy.engine()).await;
    // Longer than that, and not idle.
    let answer = client.ask(request(Api::Chat, "ttft=1500ms"), Some(body(Api::Chat, true))).await;
    assert_eq!(answer.status, 200);
    client.closed().await;
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("weir_rejections_total", &[]), Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_request_is_counted() {
    let sim = Upstream::builder().start().await.unwrap();
    let head_timeout = Duration::from_millis(300);
    let proxy = limited(&sim, Limits { head_timeout, ..Limits::default() });
    // A preface, and nothing of the protocol behind it; or not even all of that.
    let mut client = Client::connect(proxy.engine()).await;
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense, and much of it, in plain words").await;
    assert_ne!(client.rest().await.1, End::Complete);
    let mut client = Client::connect(proxy.engine()).await;
    client.send("PRI * HT").await;
    assert_ne!(client.rest().await.1, End::Complete);
    let mut client = H2::connect(proxy.engine()).await;
    let connect = Request::connect("example.com:443").body(()).unwrap();
    let answer = client.ask(connect, None).await;
    assert_eq!(answer.status, 405);
    drop(client);
    refused(&proxy, "bad_request", 1.0).await;
    refused(&proxy, "request_timeout", 1.0).await;
    let scrape = refused(&proxy, "connect_method", 1.0).await;
    assert_eq!(rejected(&scrape, "unrouted"), 3.0);
}
