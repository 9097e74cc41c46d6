//! What is no request: Pingora answers it by itself, and Weir counts it all the same.

use weir_proxy::Limits;
use weir_sim::Upstream;

use crate::refused::{limited, refused, rejected};
use crate::rig::{Api, Client, End, ProxyGuard};

async fn answer_to(proxy: &ProxyGuard, bytes: &[u8]) -> (u16, End) {
    let mut client = Client::connect(proxy.engine()).await;
    client.send(bytes).await;
    let answer = client.answer().await;
    let (_, end) = client.rest().await;
    (answer.status, end)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_heads_are_counted() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = limited(&sim, Limits::default());
    let many = (0..300).fold("GET / HTTP/1.1\r\nhost: a\r\n".to_owned(), |head, number| {
        head + &format!("x-{number}: 1\r\n")
    });
    let heads = [
        "nonsense\r\n\r\n".to_owned(),
        "GET /v1/models HTTP/1.1\r\nbad header: x\r\n\r\n".to_owned(),
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n".to_owned(),
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\
         content-length: 2\r\n\r\n"
            .to_owned(),
        many + "\r\n",
        format!("GET / HTTP/1.1\r\nhost: a\r\nx-filler: {}\r\n\r\n", "x".repeat(2 << 20)),
    ];
    for (before, head) in heads.iter().enumerate() {
        let shown = &head[..head.len().min(60)];
        assert_eq!(answer_to(&proxy, head.as_bytes()).await.0, 400, "{shown}");
        let count = (before + 1) as f64;
        let scrape = refused(&proxy, "bad_request", count).await;
        assert_eq!(rejected(&scrape, "unrouted"), count, "{shown}");
        let labels = [("route", "unrouted"), ("code", "400")];
        assert_eq!(scrape.value("llm_responses_total", &labels), Some(count));
    }
    // Behind a good one too, on the same connection.
    let mut client = Client::connect(proxy.engine()).await;
    assert_eq!(client.ask(&Api::Chat.request(true)).await.status, 200);
    client.send("nonsense\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 400);
    refused(&proxy, "bad_request", heads.len() as f64 + 1.0).await;
    assert_eq!(sim.totals().requests, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tunnel_is_refused_and_counted() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = limited(&sim, Limits::default());
    let connect = b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n";
    assert_eq!(answer_to(&proxy, connect).await.0, 405);
    let scrape = refused(&proxy, "connect_method", 1.0).await;
    assert_eq!(rejected(&scrape, "unrouted"), 1.0);
    assert_eq!(sim.totals().requests, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_without_a_word_is_not_counted() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = limited(&sim, Limits::default());
    for bytes in ["", "G", "GET /v1/models HTTP/1.1\r\nhost"] {
        for reset in [false, true] {
            let mut client = Client::connect(proxy.engine()).await;
            client.send(bytes).await;
            if reset { client.reset() } else { client.leave() }
        }
    }
    assert_eq!(crate::rig::ask(proxy.engine(), &Api::Chat.request(true)).await.status, 200);
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("weir_rejections_total", &[]), Some(0.0));
}
