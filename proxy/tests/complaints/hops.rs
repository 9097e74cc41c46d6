//! What belongs to one hop and must not reach the next.

use weir_sim::Upstream;

use crate::rig::{Api, Client, End, ProxyGuard, ask};
use crate::scene::{all, outcomes};

/// (25) <https://github.com/cloudflare/pingora/issues/706>, <https://github.com/cloudflare/pingora/issues/713>: a
/// client's `connection` header went on to the upstream, which closed its connections then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pingora_706_a_clients_connection_header_stays_on_its_hop() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    for _ in 0..3 {
        let request = Api::Chat.request(false).header("connection", "close, x-own");
        let answer = ask(proxy.engine(), &request.header("x-own", "1")).await;
        assert_eq!(answer.status, 200);
        proxy.settled().await;
    }
    for sent in sim.requests() {
        assert_eq!(sent.connection, 1, "the upstream's connection is used again");
        assert_ne!(sent.header("connection"), Some("close, x-own"));
        assert_eq!(sent.header("x-own"), None, "it is named as one of this hop");
    }
}

/// (25) <https://github.com/cloudflare/pingora/issues/951>: a filter can't end an answer in the middle; so Weir never
/// does, and who breaks off is the upstream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pingora_951_no_end_is_made_up() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let request = Api::Chat.request(true).header("x-sim", "fault=close_mid_stream:3");
    let answer = ask(proxy.engine(), &request).await;
    assert_ne!(answer.end, End::Complete);
    assert_eq!(outcomes(&proxy.settled().await), all("upstream_reset", 1));
}

/// (25) <https://github.com/cloudflare/pingora/issues/841>: events waited in a buffer until there was more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pingora_841_every_event_is_flushed() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let mut client = Client::connect(proxy.engine()).await;
    let request = Api::Responses.request(true).header("x-sim", "text=weirs,fault=stall:1");
    client.send(request.bytes()).await;
    client.read_until_text("weirs").await;
    client.leave();
    proxy.settled().await;
}
