//! What is let through: with its key, as it came.

use weir_proxy::Clients;

use super::{KEY_A, KEY_B, house, keyed, with_key};
use crate::rig::{Api, Client, Request, ask, assert_same};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_known_key_passes_in_both_forms_and_goes_on() {
    let (sim, proxy) = house(keyed(), Clients::default()).await;
    for (name, value) in [
        ("authorization", format!("Bearer {KEY_A}")),
        ("Authorization", format!("bearer   {KEY_B}")),
        ("x-api-key", KEY_A.to_owned()),
        ("X-API-Key", KEY_B.to_owned()),
    ] {
        for api in [Api::Chat, Api::Messages, Api::Embeddings] {
            for stream in [false, true] {
                let request = api.request(stream && api.streams()).header(name, &value);
                let answer = ask(proxy.engine(), &request).await;
                assert_eq!(answer.status, 200, "{name} {api:?}: {}", answer.text());
                let sent = sim.requests().pop().unwrap();
                assert_eq!(sent.header(name), Some(value.trim()), "the key is the client's");
            }
        }
    }
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "success")]), Some(24.0));
    assert_eq!(scrape.sum("weir_rejections_total", &[]), Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_upstreams_own_key_may_stand_beside() {
    let (sim, proxy) = house(keyed(), Clients::default()).await;
    let request =
        with_key(Api::Chat.request(false), "sk-of-the-upstream").header("x-api-key", KEY_A);
    let mut client = Client::connect(proxy.engine()).await;
    for _ in 0..3 {
        assert_eq!(client.ask(&request).await.status, 200);
    }
    let sent = sim.requests().pop().unwrap();
    assert_eq!(sent.header("authorization"), Some("Bearer sk-of-the-upstream"));
    assert_eq!(sent.header("x-api-key"), Some(KEY_A));
    proxy.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_checked_where_nothing_is_configured() {
    let (sim, proxy) = house(Default::default(), Clients::default()).await;
    for request in [
        Api::Chat.request(false),
        with_key(Api::Chat.request(false), "sk-nobody-s"),
        Api::Chat.request(false).header("authorization", "Basic eA=="),
    ] {
        assert_eq!(ask(proxy.engine(), &request).await.status, 200);
    }
    assert_eq!(sim.requests().len(), 3);
    proxy.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_may_ask_whether_it_may_ask() {
    let (sim, proxy) = house(keyed(), Clients::default()).await;
    let preflight = Request::get(Api::Chat.path())
        .method("OPTIONS")
        .header("origin", "https://page.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization");
    let direct = ask(sim.addr(), &preflight).await;
    let through = ask(proxy.engine(), &preflight).await;
    assert_same(&direct, &through);
    assert_eq!(sim.requests().len(), 2, "the upstream answers it");
    proxy.settled().await;
}
