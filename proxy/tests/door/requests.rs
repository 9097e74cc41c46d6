//! How many requests may be under way.

use weir_proxy::Limits;
use weir_sim::{Upstream, eventually};

use crate::refused::{assert_refused, limited, rejected, rejections};
use crate::rig::{Api, Client, DEADLINE, Request, ask};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_too_many_is_refused_in_words() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = limited(&sim, Limits { requests: 2, ..Limits::default() });
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut client = Client::connect(proxy.engine()).await;
        client.send(Api::Chat.request(true).header("x-sim", "fault=stall:1").bytes()).await;
        client.read_until_text("content").await;
        streams.push(client);
    }
    for api in [Api::Chat, Api::Messages, Api::Embeddings] {
        let answer = ask(proxy.engine(), &api.request(api.streams())).await;
        assert_refused(&answer, api, 503, "too_many_requests");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    assert_eq!(ask(proxy.engine(), &Request::get("/v1/models")).await.status, 503);
    assert_eq!(proxy.page("/health").await.status, 200, "the operator is not locked out");
    assert_eq!(sim.totals().requests, 2);
    streams.pop().unwrap().leave();
    let is_free = async || (proxy.json("/status").await["requests_in_flight"] == 1).then_some(());
    eventually(DEADLINE, "one has ended", is_free).await;
    assert_eq!(ask(proxy.engine(), &Api::Chat.request(true)).await.status, 200);
    streams.pop().unwrap().leave();
    let scrape = proxy.settled().await;
    assert_eq!(rejections(&scrape, "too_many_requests"), 4.0);
    assert_eq!(rejected(&scrape, "default"), 3.0);
}
