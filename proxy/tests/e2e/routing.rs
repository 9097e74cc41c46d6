//! Which route takes a request: the only one, the one of the prefix, the one of the model; or none.

use serde_json::{Value, json};
use weir_proxy::RouteConfig;
use weir_sim::{Scrape, Upstream};

use crate::rig::{Answer, Api, ProxyGuard, Request, ask, asking, config, engine, route};

/// Three upstreams behind one listener; `a` and `b` serve `both`, each serves one of its own.
struct Town {
    a: Upstream,
    b: Upstream,
    proxy: ProxyGuard,
}

impl Town {
    async fn start() -> Self {
        let a = Upstream::builder().models(["of-a", "both"]).start().await.unwrap();
        let b = Upstream::builder().models(["of-b", "both"]).start().await.unwrap();
        let to = |name: &str, sim: &Upstream, models: [&str; 2]| RouteConfig {
            models: models.map(str::to_owned).to_vec(),
            ..route(name, &sim.url())
        };
        let routes = [to("a", &a, ["of-a", "both"]), to("b", &b, ["of-b", "both"])];
        let proxy = ProxyGuard::start(&config([engine(routes)]));
        Self { a, b, proxy }
    }

    /// Sends it; how many requests each upstream got of it, and its answer.
    async fn ask(&self, request: &Request) -> (Answer, [usize; 2]) {
        let counts = || [self.a.requests().len(), self.b.requests().len()];
        let before = counts();
        let answer = ask(self.proxy.engine(), request).await;
        let after = counts();
        (answer, [after[0] - before[0], after[1] - before[1]])
    }
}

fn ended(scrape: &Scrape, route: &str, outcome: &str) -> f64 {
    scrape.sum("llm_requests_total", &[("route", route), ("outcome", outcome)]).unwrap_or(0.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_route_takes_every_path_as_it_is() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    for path in ["/other/v1/models", "/v1/models?a=%2F", "//x", "/%7Euser/..;/", "/?", "/a?b?c"] {
        ask(proxy.engine(), &Request::get(path)).await;
        assert_eq!(sim.requests().pop().unwrap().path, path);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prefix_names_the_route_and_is_taken_off() {
    let town = Town::start().await;
    for (path, found) in [
        ("/b/v1/models", "/v1/models"),
        ("/b/v1/models?x=/a/", "/v1/models?x=/a/"),
        ("/b//double", "//double"),
        ("/b/a/v1/models", "/a/v1/models"),
        ("/b/%61%2Fb", "/%61%2Fb"),
        ("/b/", "/"),
        ("/b", "/"),
        ("/b?x=1", "/?x=1"),
    ] {
        let (_, to) = town.ask(&Request::get(path)).await;
        assert_eq!(to, [0, 1], "{path}");
        assert_eq!(town.b.requests().pop().unwrap().path, found);
    }
    // The prefix overrules the model, and its path tells the endpoint.
    for api in Api::ALL {
        let of_model =
            [("route", "a"), ("endpoint", api.label()), ("outcome", "success"), ("model", "both")];
        let counted = |scrape: Scrape| scrape.value("llm_requests_total", &of_model).unwrap_or(0.0);
        let before = counted(town.proxy.settled().await);
        let request = api.post(&api.body("both", false)).to(&format!("/a{}", api.path()));
        let (answer, to) = town.ask(&request).await;
        assert_eq!((answer.status, to), (200, [1, 0]), "{api:?}");
        assert_eq!(town.a.requests().pop().unwrap().path, api.path());
        assert_eq!(counted(town.proxy.settled().await), before + 1.0, "{api:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_names_the_route_wherever_it_stands() {
    let town = Town::start().await;
    let long = "w".repeat(60 << 10);
    let bodies = [
        r#"{"model":"of-b","messages":[],"stream":true}"#.to_owned(),
        r#"{"stream":true,"messages":[{"model":"of-a","content":"\"model\":\"of-a\""}],"model":"of-b"}"#
            .to_owned(),
        format!(r#"{{"messages":[{{"content":"{long}"}}],"stream":true,"model":"of-b"}}"#),
    ];
    for (count, body) in (1..).zip(&bodies) {
        for request in [
            Request::post(Api::Chat.path(), body.as_str()),
            Request::post(Api::Chat.path(), body.as_str()).chunked(1000),
        ] {
            let (answer, to) = town.ask(&request).await;
            assert_eq!((answer.status, to), (200, [0, 1]), "{count}");
            assert!(!answer.text().contains("usage"));
            let sent = town.b.requests().pop().unwrap();
            let expected = asking(&serde_json::from_str(body).unwrap());
            let found: Value = serde_json::from_slice(&sent.body).unwrap();
            assert!(found == expected, "{count}: {} bytes", sent.body.len());
            let length = sent.header("content-length").map(|length| length.parse().unwrap());
            assert!(length.is_none_or(|length: usize| length == sent.body.len()));
        }
        let scrape = town.proxy.settled().await;
        assert_eq!(ended(&scrape, "b", "success"), f64::from(count) * 2.0);
        let input = [("route", "b"), ("kind", "input"), ("source", "reported")];
        let told: u64 = town.b.requests().iter().map(|sent| sent.input_tokens).sum();
        assert_eq!(scrape.sum("llm_tokens_total", &input), Some(told as f64));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_at_the_start_of_a_large_body_is_enough() {
    let town = Town::start().await;
    let long = "w".repeat(300_000);
    for api in [Api::Chat, Api::Embeddings] {
        let body = format!(
            r#"{{"model":"of-a","stream":true,"input":"x","messages":[{{"content":"{long}"}}]}}"#
        );
        for request in [
            Request::post(api.path(), body.as_str()),
            Request::post(api.path(), body.as_str()).chunked(16_000),
        ] {
            let (answer, to) = town.ask(&request).await;
            assert_eq!((answer.status, to), (200, [1, 0]), "{api:?}");
            let sent = town.a.requests().pop().unwrap();
            let body: Value = serde_json::from_str(&body).unwrap();
            let expected = if api == Api::Chat { asking(&body) } else { body };
            let found: Value = serde_json::from_slice(&sent.body).unwrap();
            assert!(found == expected, "{api:?}: {} bytes", sent.body.len());
        }
    }
    let scrape = town.proxy.settled().await;
    assert_eq!(ended(&scrape, "a", "success"), 4.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_route_takes_is_told_the_prefixes() {
    let town = Town::start().await;
    let far = format!(r#"{{"messages":"{}","model":"of-a"}}"#, "w".repeat(100_000));
    let bodies = [
        Api::Chat.body("both", true).to_string(),
        Api::Chat.body("nobody", true).to_string(),
        r#"{"messages":[]}"#.to_owned(),
        "no json".to_owned(),
        String::new(),
        far,
    ];
    for (count, body) in (1..).zip(&bodies) {
        for request in [
            Request::post(Api::Chat.path(), body.as_str()),
            Request::post(Api::Chat.path(), body.as_str()).chunked(999),
        ] {
            let (answer, to) = town.ask(&request).await;
            assert_eq!((answer.status, to), (404, [0, 0]), "{count}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.header("x-weir-error"), Some("no_route"));
            let error = answer.json()["error"].clone();
            assert_eq!(error["code"], "no_route");
            assert!(error["message"].as_str().unwrap().contains("/a/, /b/"), "{error}");
        }
        let scrape = town.proxy.settled().await;
        assert_eq!(ended(&scrape, "unrouted", "rejected"), f64::from(count) * 2.0);
    }
    let answer = ask(town.proxy.engine(), &Api::Messages.request(true)).await;
    assert_eq!(answer.json()["type"], "error", "in the dialect's own shape");
    let answer = ask(town.proxy.engine(), &Request::get("/v1/models")).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (404, &json!("no_route")));
    let scrape = town.proxy.settled().await;
    let unrouted = [("route", "unrouted"), ("hop", "engine")];
    assert_eq!(scrape.value("weir_passthrough_requests_total", &unrouted), Some(1.0));
    assert_eq!(scrape.sum("llm_requests_started_total", &[("route", "a")]), Some(0.0));
    let messages = [("endpoint", "messages"), ("route", "unrouted"), ("outcome", "rejected")];
    assert_eq!(scrape.sum("llm_requests_total", &messages), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listed_names_route_and_earned_ones_do_not() {
    let a = Upstream::builder().models(["new-of-a"]).start().await.unwrap();
    let b = Upstream::builder().models([""; 0]).start().await.unwrap();
    let empty =
        |name: &str, sim: &Upstream| RouteConfig { models: Vec::new(), ..route(name, &sim.url()) };
    let proxy = ProxyGuard::start(&config([engine([empty("a", &a), empty("b", &b)])]));
    let chat = |model: &str| Api::Chat.post(&Api::Chat.body(model, false));
    assert_eq!(ask(proxy.engine(), &chat("new-of-a")).await.status, 404);
    ask(proxy.engine(), &Request::get("/a/v1/models")).await;
    proxy.settled().await;
    assert_eq!(ask(proxy.engine(), &chat("new-of-a")).await.status, 200);
    assert_eq!(a.requests().len(), 2);
    // Otherwise one client could take another's requests over to a route of its own.
    let earned = Request::post("/b/v1/chat/completions", chat("earned").body_bytes());
    assert_eq!(ask(proxy.engine(), &earned).await.status, 200);
    proxy.settled().await;
    assert_eq!(ask(proxy.engine(), &chat("earned")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_route_goes_by_its_prefix_as_it_would_beside_others() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::start(&config([engine([route("llama", &sim.url())])]));
    for path in ["/llama/v1/models", "/v1/models"] {
        assert_eq!(ask(proxy.engine(), &Request::get(path)).await.status, 200);
        assert_eq!(sim.requests().pop().unwrap().path, "/v1/models");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_request_is_does_not_depend_on_the_prefix() {
    let sim = Upstream::builder().start().await.unwrap();
    let routes = [route("cache", &sim.url()), route("lite", &sim.url())];
    let proxy = ProxyGuard::start(&config([engine(routes)]));
    for path in ["/lite/key/generate", "/cache/v1/rerank"] {
        ask(proxy.engine(), &Request::post(path, "{}")).await;
    }
    let scrape = proxy.settled().await;
    let sum = |name: &str, route: &str| scrape.sum(name, &[("route", route)]).unwrap_or(0.0);
    assert_eq!(sum("weir_passthrough_requests_total", "lite"), 1.0);
    assert_eq!(sum("llm_requests_started_total", "lite"), 0.0);
    assert_eq!(sum("llm_requests_started_total", "cache"), 1.0);
}
