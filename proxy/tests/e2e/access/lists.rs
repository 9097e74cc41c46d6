//! Lists of several routes behind one listener, and when each is looked at.

use weir_proxy::{Config, Network, RouteAccess};
use weir_sim::Upstream;
use weir_wire::{Class, Endpoint};

use super::{KEY_A, KEY_B, assert_refused, key, keyed, only, rejected, with_key};
use crate::rig::{Answer, Api, Client, ProxyGuard, Request, ask, config, engine, route};

/// Three routes to one upstream; each serves the model of its own name.
struct Street {
    sim: Upstream,
    proxy: ProxyGuard,
}

impl Street {
    /// `a` is for one team, `b` for both, `c` as it is said.
    async fn start(c: RouteAccess) -> Self {
        let sim = Upstream::builder().models([""; 0]).start().await.unwrap();
        let to = |name: &str, access| {
            let mut route = route(name, &sim.url());
            route.models = vec![format!("of-{name}")];
            route.access = access;
            route
        };
        let a = RouteAccess { keys: only(&["team-a"]), ..keyed() };
        let routes = [to("a", a), to("b", keyed()), to("c", c)];
        let keys = vec![key("team-a", KEY_A, None), key("team-b", KEY_B, None)];
        let proxy = ProxyGuard::start(&Config { keys, ..config([engine(routes)]) });
        Self { sim, proxy }
    }

    async fn ask(&self, request: &Request) -> Answer {
        ask(self.proxy.engine(), request).await
    }
}

/// The same chat, to the route by its model, and by its prefix.
fn chats(route: &str) -> [Request; 2] {
    let by_model = Api::Chat.post(&Api::Chat.body(&format!("of-{route}"), true));
    let by_prefix = by_model.clone().to(&format!("/{route}{}", Api::Chat.path()));
    [by_model, by_prefix]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_route_has_its_own_lists() {
    let street = Street::start(RouteAccess::default()).await;
    let mut passed = 0;
    for (name, key, code) in [
        ("a", Some(KEY_A), 200),
        ("a", Some(KEY_B), 403),
        ("a", None, 401),
        ("b", Some(KEY_A), 200),
        ("b", Some(KEY_B), 200),
        ("b", None, 401),
        ("c", Some(KEY_B), 200),
        ("c", None, 200),
    ] {
        for request in chats(name) {
            let request = match key {
                Some(key) => with_key(request, key),
                None => request,
            };
            let answer = street.ask(&request).await;
            assert_eq!(answer.status, code, "{name} {key:?}: {}", answer.text());
            passed += usize::from(code == 200);
        }
    }
    assert_eq!(street.sim.requests().len(), passed);
    let scrape = street.proxy.settled().await;
    for (name, count) in [("a", 4.0), ("b", 2.0)] {
        let labels = [("route", name), ("outcome", "rejected"), ("model", "unknown")];
        assert_eq!(scrape.sum("llm_requests_total", &labels), Some(count), "{name}");
    }
    assert_eq!((rejected(&scrape, "unauthorized"), rejected(&scrape, "forbidden")), (4.0, 2.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_asked_for_before_the_body_is_read() {
    let street = Street::start(keyed()).await;
    let request = &chats("b")[0];
    let mut client = Client::connect(street.proxy.engine()).await;
    client.send(request.head_bytes()).await;
    assert_refused(&client.answer().await, Api::Chat, 401, "unauthorized");
    // It was refused before anybody knew for which route it was.
    let scrape = street.proxy.settled().await;
    let labels = [("route", "unrouted"), ("outcome", "rejected")];
    assert_eq!(scrape.sum("llm_requests_total", &labels), Some(1.0));
    // Only those who may come in are told which routes there are.
    let nowhere = Api::Chat.post(&Api::Chat.body("nobody", true));
    assert_refused(&street.ask(&nowhere).await, Api::Chat, 401, "unauthorized");
    let answer = street.ask(&with_key(nowhere, KEY_B)).await;
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("/a/, /b/, /c/"), "{}", answer.text());
    assert!(street.sim.requests().is_empty());
    street.proxy.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_is_that_of_the_connection() {
    for (network, code) in [("127.0.0.0/8", 200), ("::1", 403), ("10.0.0.0/8", 403)] {
        let networks = vec![Network::parse(network).unwrap()];
        let street = Street::start(RouteAccess { networks, ..RouteAccess::default() }).await;
        for request in chats("c") {
            let request = request.header("x-forwarded-for", "10.0.0.1").header("x-real-ip", "::1");
            assert_eq!(street.ask(&with_key(request, KEY_B)).await.status, code, "{network}");
        }
        street.proxy.settled().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endpoints_that_are_not_listed_are_closed() {
    let endpoints = vec![Class::Llm(Endpoint::ChatCompletions), Class::ModelList];
    let street = Street::start(RouteAccess { endpoints, ..RouteAccess::default() }).await;
    for (request, code) in [
        (Request::post("/c/v1/chat/completions", Api::Chat.body("x", false).to_string()), 200),
        (Request::get("/c/v1/models"), 200),
        (Request::post("/c/v1/embeddings", "{}"), 403),
        (Request::post("/c/v1/load_lora_adapter", "{}"), 403),
        (Request::post("/c/invocations", Api::Chat.body("x", false).to_string()), 403),
        (Request::post("/c/v1/%63hat/completions", "{}"), 403),
        (Request::post("/c/sleep#/v1/chat/completions", "{}"), 403),
        (Request::post("/c/sleep?/v1/chat/completions", "{}"), 403),
        (Request::get("/c/health"), 403),
        (Request::get("/c/v1/chat/completions"), 403),
    ] {
        let answer = street.ask(&request).await;
        let sent = String::from_utf8(request.head_bytes()).unwrap();
        assert_eq!(answer.status, code, "{sent}{}", answer.text());
    }
    assert_eq!(street.sim.requests().len(), 2);
    let scrape = street.proxy.settled().await;
    assert_eq!(rejected(&scrape, "forbidden"), 8.0);
}
