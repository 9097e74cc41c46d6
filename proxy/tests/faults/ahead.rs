//! Clients that send more than one request at a time, or a line end too many: as with the upstream
//! itself, each request gets its answer.

use weir_sim::Upstream;

use crate::rig::{Api, Client, ProxyGuard, Request};
use crate::table::outcomes;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_end_after_the_body_harms_nobody() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    let mut client = Client::connect(proxy.engine()).await;
    let request = Api::Chat.request(true).header("x-sim", "tokens=8,gap=5ms");
    for _ in 0..3 {
        client.send([request.bytes(), b"\r\n".to_vec()].concat()).await;
        client.read_until_text("delta").await;
        client.send("\r\n").await;
        let answer = client.answer().await;
        assert!(answer.text().ends_with("data: [DONE]\n\n"), "{}", answer.text());
    }
    assert_eq!(outcomes(&proxy.settled().await, Api::Chat), [("success".to_owned(), 3)]);
    assert_eq!(upstream.totals().finished, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_sent_ahead_are_answered_in_turn() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    for direct in [true, false] {
        let addr = if direct { upstream.addr() } else { proxy.engine() };
        let mut client = Client::connect(addr).await;
        let requests = [
            Api::Chat.request(true).header("x-sim", "ttft=50ms"),
            Api::Embeddings.request(false),
            Request::get("/v1/models"),
            Api::Messages.request(true).header("x-sim", "tokens=3,gap=5ms").chunked(10),
            Api::Completions.request(false),
        ];
        client.send(requests.iter().flat_map(Request::bytes).collect::<Vec<_>>()).await;
        for mark in ["[DONE]", "embedding", "owned_by", "message_stop", "text_completion"] {
            let answer = client.answer().await;
            assert!(answer.text().contains(mark), "direct {direct}: {mark} in {}", answer.text());
        }
    }
    let scrape = proxy.settled().await;
    for api in [Api::Chat, Api::Embeddings, Api::Messages, Api::Completions] {
        assert_eq!(outcomes(&scrape, api), [("success".to_owned(), 1)], "{api:?}");
    }
}
