//! Who uses how much: by alias, by keyed hash, and never more series than there is room for.

use weir_proxy::{ClientNames, Clients, HashSecret, RouteAccess};
use weir_sim::{BodyFlavour, Fault, Plan, Scrape, Upstream};

use super::{KEY_A, KEY_B, house, keyed, with_key};
use crate::rig::{Api, Client, ProxyGuard, Request, ask};

fn by_hash(most: usize) -> Clients {
    let names = ClientNames::Hash(HashSecret::new(b"a secret of the test's"));
    Clients { names, most, secret_file: None }
}

fn requests(scrape: &Scrape, client: &str) -> Option<f64> {
    scrape.value("llm_client_requests_total", &[("route", "default"), ("client", client)])
}

fn overflow(scrape: &Scrape) -> Option<f64> {
    scrape.value("weir_label_overflow_total", &[("label", "client")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn off_means_off() {
    let (_sim, proxy) = house(RouteAccess::default(), Clients::default()).await;
    ask(proxy.engine(), &with_key(Api::Chat.request(true), KEY_A)).await;
    let scrape = proxy.settled().await;
    assert_eq!(scrape.matching("llm_client_requests_total", &[]).count(), 0);
    assert_eq!(scrape.matching("llm_client_tokens_total", &[]).count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_alias_whether_or_not_the_key_is_asked_for() {
    for access in [RouteAccess::default(), keyed()] {
        let is_open = !access.needs_key;
        let clients = Clients { names: ClientNames::Alias, ..Clients::default() };
        let (sim, proxy) = house(access, clients).await;
        let keys = [Some(KEY_A), Some(KEY_A), Some(KEY_B), Some("sk-nobody-s"), None];
        for key in keys {
            for stream in [false, true] {
                let request = Api::Chat.request(stream);
                let request = match key {
                    Some(key) => with_key(request, key),
                    None => request,
                };
                ask(proxy.engine(), &request).await;
            }
        }
        // What runs no model is in no series of clients.
        ask(proxy.engine(), &with_key(Request::get("/v1/models"), KEY_A)).await;
        let scrape = proxy.settled().await;
        let found = ["team-a", "team-b", "other", "none"].map(|client| requests(&scrape, client));
        assert_eq!(found, [Some(4.0), Some(2.0), Some(2.0), Some(2.0)]);
        assert_eq!(overflow(&scrape), Some(2.0));
        let tokens = |client, kind| {
            scrape.value("llm_client_tokens_total", &[("client", client), ("kind", kind)])
        };
        let told: u64 = sim.requests().iter().map(|sent| sent.output_tokens).sum();
        let all = scrape.sum("llm_client_tokens_total", &[("kind", "output")]);
        assert_eq!(all, Some(told as f64));
        assert_eq!(tokens("team-a", "output"), tokens("team-b", "output").map(|b| 2.0 * b));
        assert_eq!(tokens("none", "output").is_some(), is_open, "a refusal costs nothing");
        let all = scrape.sum("llm_client_tokens_total", &[]);
        assert_eq!(all, scrape.sum("llm_tokens_total", &[]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_hash_from_the_first_good_request_on() {
    let (sim, proxy) = house(RouteAccess::default(), by_hash(100)).await;
    sim.push(Plan::fault(Fault::RefuseStatus { code: 401, body: BodyFlavour::Engine }));
    for key in ["sk-stranger", "sk-stranger", "sk-stranger", KEY_A] {
        ask(proxy.engine(), &Api::Chat.request(true).header("x-api-key", key)).await;
        proxy.settled().await;
    }
    let scrape = proxy.settled().await;
    assert_eq!(requests(&scrape, "team-a"), Some(1.0), "an alias needs to earn nothing");
    assert_eq!(requests(&scrape, "other"), Some(1.0), "the one that was refused");
    // printf %s sk-stranger | openssl dgst -sha256 -hmac "a secret of the test's"
    assert_eq!(requests(&scrape, "d639cfb0185c"), Some(2.0));
    assert!(!proxy.page("/metrics").await.text().contains("sk-"));
}

/// Sends a request each with so many keys of their own, over a few connections.
async fn junk(proxy: &ProxyGuard, count: usize) {
    const CONNECTIONS: usize = 4;
    let address = proxy.engine();
    let sending = (0..CONNECTIONS).map(|first| {
        tokio::spawn(async move {
            let mut client = Client::connect(address).await;
            for n in (first..count).step_by(CONNECTIONS) {
                let request = Request::post("/v1/embeddings", r#"{"model":"tiny","input":"w"}"#);
                client.ask(&request.header("x-api-key", &format!("sk-junk-{n}"))).await;
            }
        })
    });
    for sent in sending.collect::<Vec<_>>() {
        sent.await.unwrap();
    }
}

fn series(scrape: &Scrape) -> usize {
    scrape.samples().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_junk_keys_leave_the_series_flat() {
    const KEYS: usize = 10_000;
    // An open upstream answers each of them, so that each of them could earn a name.
    let (_sim, proxy): (Upstream, _) = house(RouteAccess::default(), by_hash(5)).await;
    // The sixth to ask has no room any more.
    junk(&proxy, 100).await;
    let before = proxy.settled().await;
    let clients = before.matching("llm_client_requests_total", &[]).count();
    assert_eq!(clients, 5 + 1, "five hashes and `other`");
    junk(&proxy, KEYS).await;
    let after = proxy.settled().await;
    assert_eq!(series(&after), series(&before));
    assert_eq!(after.sum("llm_client_requests_total", &[]), Some(10_100.0), "nobody is lost");
    // But for the five, twice each.
    assert_eq!(requests(&after, "other"), overflow(&after));
    assert_eq!(overflow(&after), Some(10_100.0 - 10.0));
    ask(proxy.engine(), &with_key(Api::Chat.request(true), KEY_A)).await;
    assert_eq!(requests(&proxy.settled().await, "team-a"), Some(1.0), "an alias has its room");
}
