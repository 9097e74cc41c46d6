//! SageMaker's `/invocations`, where only the body says what is asked for.

use serde_json::{Value, json};
use weir_proxy::RouteConfig;
use weir_sim::{Engine, Plan, Recorded, Upstream};

use crate::rig::{
    Api, Client, DEADLINE, ProxyGuard, Request, ask, asking, assert_same, both, config, engine,
    route,
};
use crate::scene::{Scene, reference};

const PATH: &str = "/invocations";

async fn start() -> (Upstream, ProxyGuard) {
    let plan = Plan { prompt_tokens: Some(40), ..Plan::tokens(6) };
    let sim = Upstream::builder().plan(plan).keep_bodies(1 << 20).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    (sim, proxy)
}

fn newest(sim: &Upstream) -> Recorded {
    sim.requests().pop().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_body_tells_the_endpoint() {
    for (body, endpoint) in [
        (json!({"messages": []}), "chat_completions"),
        (json!({"prompt": "p"}), "completions"),
        (json!({"prompt": "p", "input": "i"}), "completions"),
        (json!({"input": "i"}), "embeddings"),
        (json!({"query": "q", "documents": ["d"]}), "rerank"),
        (json!({"text_1": "a", "text_2": "b"}), "score"),
        (json!({"queries": ["a"], "documents": ["b"]}), "score"),
        (json!({"data_1": "a", "data_2": "b"}), "score"),
    ] {
        let (sim, proxy) = start().await;
        let mut body: Value = body;
        body["model"] = "tiny".into();
        let request = Request::post(PATH, body.to_string());
        let (direct, through) = both(&sim, proxy.engine(), &request).await;
        assert_eq!(direct.status, 200, "{body}");
        assert_same(&direct, &through);
        assert_eq!(newest(&sim).body, body.to_string().as_bytes(), "{body}");
        let scrape = proxy.settled().await;
        let here = [("endpoint", endpoint), ("model", "tiny")];
        let success = [here[0], here[1], ("outcome", "success")];
        assert_eq!(scrape.value("llm_requests_total", &success), Some(1.0), "{body}");
        assert_eq!(scrape.sum("llm_requests_started_total", &[]), Some(1.0), "{body}");
        let input = [here[0], here[1], ("kind", "input"), ("source", "reported")];
        assert_eq!(scrape.value("llm_tokens_total", &input), Some(40.0), "{body}");
        let generates = matches!(endpoint, "chat_completions" | "completions");
        let output = scrape.sum("llm_tokens_total", &[("kind", "output")]);
        assert_eq!(output, generates.then_some(6.0), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_no_shape_is_other() {
    let (sim, proxy) = start().await;
    let bodies = [r#"{"model":"tiny","stream":true}"#, "{", "", "[]", r#"{"data":{}}"#];
    for body in bodies {
        let (direct, through) = both(&sim, proxy.engine(), &Request::post(PATH, body)).await;
        assert_same(&direct, &through);
        assert_eq!(newest(&sim).body, body, "nothing is added");
    }
    let scrape = proxy.settled().await;
    let all = scrape.sum("llm_requests_total", &[("endpoint", "other")]);
    assert_eq!(all, Some(bodies.len() as f64));
    assert_eq!(scrape.sum("llm_requests_started_total", &[]), all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_and_completions_are_asked_for_usage_and_nothing_else_is() {
    let models = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let plan = Plan { prompt_tokens: Some(40), ..Plan::tokens(6) };
    let scene = Scene::start(Engine::vllm("0.32.0"), plan, &models).await;
    scene.check(Api::Invocations, &Api::Invocations.body("a", true)).await;
    let sent: Value = serde_json::from_slice(&newest(&scene.sim).body).unwrap();
    assert_eq!(sent, asking(&Api::Invocations.body("a", true)));

    let completion = json!({"prompt": "p", "stream": true, "model": "b"});
    let (direct, _) = reference(&scene.sim, Api::Invocations, &completion).await;
    let through = ask(scene.proxy.engine(), &Api::Invocations.post(&completion)).await;
    assert_same(&direct, &through);
    assert!(!through.text().contains("usage"), "{}", through.text());

    let vectors = json!({"input": "i", "stream": true, "model": "c"});
    let through = ask(scene.proxy.engine(), &Api::Invocations.post(&vectors)).await;
    assert_eq!(through.status, 200);
    assert_eq!(newest(&scene.sim).body, vectors.to_string().as_bytes());
    let scrape = scene.proxy.settled().await;
    let output = [("endpoint", "completions"), ("kind", "output"), ("source", "reported")];
    assert_eq!(scrape.sum("llm_tokens_total", &output), Some(6.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_are_read_while_they_pass() {
    let long = "w".repeat(100_000);
    for (body, endpoint) in [
        // What it is stands before and behind what is long.
        (
            format!(r#"{{"messages":[{{"content":"{long}"}}],"model":"tiny","stream":true}}"#),
            "chat_completions",
        ),
        (
            format!(r#"{{"x":"{long}","stream":true,"messages":[],"model":"tiny"}}"#),
            "chat_completions",
        ),
        (format!(r#"{{"x":"{long}","prompt":"p","stream":true,"model":"tiny"}}"#), "completions"),
        (format!(r#"{{"model":"tiny","input":"{long}"}}"#), "embeddings"),
    ] {
        let (sim, proxy) = start().await;
        let asks = body.contains("stream");
        for request in [Request::post(PATH, &*body), Request::post(PATH, &*body).chunked(9000)] {
            let answer = ask(proxy.engine(), &request).await;
            assert_eq!(answer.status, 200, "{endpoint}");
            assert!(!asks || !answer.text().contains("usage"), "{}", answer.text());
            let sent = newest(&sim);
            let expected = match asks {
                true => asking(&serde_json::from_str(&body).unwrap()),
                false => serde_json::from_str(&body).unwrap(),
            };
            let found: Value = serde_json::from_slice(&sent.body).unwrap();
            assert!(found == expected, "{endpoint}: {} bytes", sent.body.len());
            assert_eq!(sent.header("transfer-encoding"), Some("chunked"), "{endpoint}");
        }
        let scrape = proxy.settled().await;
        let success = [("endpoint", endpoint), ("model", "tiny"), ("outcome", "success")];
        assert_eq!(scrape.value("llm_requests_total", &success), Some(2.0), "{endpoint}");
        let input = [("endpoint", endpoint), ("kind", "input"), ("source", "reported")];
        assert_eq!(scrape.sum("llm_tokens_total", &input), Some(80.0), "{endpoint}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gauge_is_that_of_what_it_is() {
    let (sim, proxy) = start().await;
    let mut client = Client::connect(proxy.engine()).await;
    let request = Api::Invocations.request(true).header("x-sim", "fault=stall:2");
    client.send(request.bytes()).await;
    client.read_until_text(" weir").await;
    let scrape = proxy.scrape().await;
    let active = |endpoint| scrape.sum("llm_active_requests", &[("endpoint", endpoint)]);
    assert_eq!(active("chat_completions"), Some(1.0));
    assert_eq!(active("other").unwrap_or(0.0), 0.0);
    client.leave();
    let scrape = proxy.settled().await;
    let left = [("endpoint", "chat_completions"), ("outcome", "client_closed_mid_stream")];
    assert_eq!(scrape.sum("llm_requests_total", &left), Some(1.0));
    let told = |seen: &[Recorded]| seen.iter().all(Recorded::client_left);
    sim.wait_for(told, DEADLINE, "the upstream is told").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_before_the_end_of_the_body_has_asked_for_nothing_yet() {
    let (_sim, proxy) = start().await;
    let request = Api::Invocations.request(true);
    for sent in [0, 20] {
        let mut client = Client::connect(proxy.engine()).await;
        client.send(request.head_bytes()).await;
        client.send(&request.body_bytes()[..sent]).await;
        client.leave();
    }
    let counted = async || {
        let scrape = proxy.settled().await;
        let left = [("endpoint", "other"), ("outcome", "client_closed_before_first_token")];
        (scrape.sum("llm_requests_total", &left) == Some(2.0)).then_some(())
    };
    weir_sim::eventually(DEADLINE, "both are counted", counted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_or_a_prefix_names_the_route() {
    let a = Upstream::builder().models(["of-a"]).start().await.unwrap();
    let b = Upstream::builder().models(["of-b"]).start().await.unwrap();
    let to = |name: &str, sim: &Upstream| RouteConfig {
        models: vec![format!("of-{name}")],
        ..route(name, &sim.url())
    };
    let proxy = ProxyGuard::start(&config([engine([to("a", &a), to("b", &b)])]));
    let body = Api::Invocations.body("of-b", true);
    for path in ["/invocations", "/b/invocations"] {
        let answer = ask(proxy.engine(), &Request::post(path, body.to_string())).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains("usage"), "{path}");
        let sent = newest(&b);
        assert_eq!(sent.path, PATH);
        let found: Value = serde_json::from_slice(&sent.body).unwrap();
        assert_eq!(found, asking(&body), "{path}");
    }
    assert!(a.requests().is_empty());
    let scrape = proxy.settled().await;
    let labels = [("route", "b"), ("endpoint", "chat_completions"), ("outcome", "success")];
    assert_eq!(scrape.sum("llm_requests_total", &labels), Some(2.0));
}
