//! Models that the path names, as Azure's and LiteLLM's do: they are the label, and find the route.

use serde_json::json;
use weir_proxy::RouteConfig;
use weir_sim::Scrape;

use crate::rig::scripted::{FINISH, LAST, STREAM, Scripted, Step, chunk, token, whole};
use crate::rig::{Answer, Form, ProxyGuard, Request, ask, config, engine, route};

const WHOLE: &str = r#"{"model":"served","usage":{"prompt_tokens":40,"completion_tokens":6},"choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"}}]}"#;

/// An upstream that gives the same answer to everyone.
async fn upstream(answer: Vec<u8>) -> Scripted {
    Scripted::start([Step::Read, Step::Send(answer), Step::Close]).await
}

fn to(name: &str, upstream: &Scripted, models: &[&str]) -> RouteConfig {
    let models = models.iter().map(|&model| model.to_owned()).collect();
    RouteConfig { models, ..route(name, &upstream.url()) }
}

fn assert_counted(scrape: &Scrape, route: &str, endpoint: &str, model: &str) {
    let labels =
        [("route", route), ("endpoint", endpoint), ("model", model), ("outcome", "success")];
    assert_eq!(scrape.sum("llm_requests_total", &labels), Some(1.0), "{labels:?}");
    assert_eq!(scrape.sum("llm_requests_started_total", &[]), Some(1.0), "{labels:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_path_names_the_model() {
    let sound = Form::new().file("a.wav", b"x");
    let post = |path: &str, body: &str| Request::post(path, body);
    for (request, endpoint) in [
        (
            post("/openai/deployments/gpt-4o/chat/completions", r#"{"messages":[]}"#),
            "chat_completions",
        ),
        (
            post(
                "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
                r#"{"model":"x","messages":[]}"#,
            ),
            "chat_completions",
        ),
        (post("/engines/gpt-4o/completions", r#"{"prompt":"p"}"#), "completions"),
        (post("/openai/deployments/gpt%2D4o/embeddings", r#"{"input":"p"}"#), "embeddings"),
        (sound.post("/openai/deployments/gpt-4o/audio/transcriptions"), "transcriptions"),
        (post("/openai/deployments/gpt-4o/audio/speech", r#"{"input":"p"}"#), "speech"),
    ] {
        let upstream = upstream(whole(WHOLE)).await;
        let only = to("only", &upstream, &["gpt-4o", "x", "served"]);
        let proxy = ProxyGuard::start(&config([engine([only])]));
        let answer = ask(proxy.engine(), &request).await;
        assert_eq!((answer.status, answer.text()), (200, WHOLE), "{endpoint}");
        assert_eq!(upstream.newest_body(), request.body_bytes(), "{endpoint}");
        assert_counted(&proxy.settled().await, "only", endpoint, "gpt-4o");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_is_asked_for_there_too() {
    let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":1}}\n\n";
    let done = "data: [DONE]\n\n";
    let said: Vec<_> = [&token("a"), FINISH, usage, done].map(chunk).into();
    let upstream = upstream(format!("{STREAM}{}{LAST}", said.concat()).into_bytes()).await;
    let only = to("only", &upstream, &["gpt-4o"]);
    let proxy = ProxyGuard::start(&config([engine([only])]));
    let path = "/openai/deployments/gpt-4o/chat/completions?api-version=1";
    let request = Request::post(path, r#"{"messages":[],"stream":true}"#);
    let answer: Answer = ask(proxy.engine(), &request).await;
    assert_eq!(answer.text(), [&token("a"), FINISH, done].concat());
    let asked = r#"{"messages":[],"stream":true,"stream_options":{"include_usage":true}}"#;
    assert_eq!(upstream.newest_body(), asked.as_bytes());
    assert!(upstream.newest().starts_with(format!("POST {path} HTTP/1.1\r\n").as_bytes()));
    let scrape = proxy.settled().await;
    assert_counted(&scrape, "only", "chat_completions", "gpt-4o");
    let input = [("model", "gpt-4o"), ("kind", "input"), ("source", "reported")];
    assert_eq!(scrape.sum("llm_tokens_total", &input), Some(40.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_path_finds_the_route() {
    let path = "/openai/deployments/of-b/chat/completions?api-version=1";
    let far = format!(r#"{{"messages":"{}","model":"of-a"}}"#, "w".repeat(100_000));
    for (target, body) in [
        (path.to_owned(), r#"{"messages":[]}"#),
        // The path has the say.
        (path.to_owned(), r#"{"model":"of-a","messages":[]}"#),
        (path.to_owned(), &*far),
        (format!("/b{path}"), r#"{"messages":[]}"#),
    ] {
        for request in [Request::post(&target, body), Request::post(&target, body).chunked(5000)] {
            let (a, b) = (upstream(whole(WHOLE)).await, upstream(whole(WHOLE)).await);
            let routes = [to("a", &a, &["of-a"]), to("b", &b, &["of-b"])];
            let proxy = ProxyGuard::start(&config([engine(routes)]));
            let answer = ask(proxy.engine(), &request).await;
            assert_eq!((answer.status, answer.text()), (200, WHOLE), "{target}");
            assert_eq!((a.seen().requests, b.seen().requests), (0, 1), "{target}");
            assert!(b.newest().starts_with(format!("POST {path} HTTP/1.1\r\n").as_bytes()));
            assert_counted(&proxy.settled().await, "b", "chat_completions", "of-b");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_in_paths_are_bounded_as_others_are() {
    let upstream = upstream(whole(WHOLE)).await;
    let proxy = ProxyGuard::start(&config([engine([to("only", &upstream, &[])])]));
    let body = json!({"messages": []}).to_string();
    for name in ["", "%", "%zz", "%FF", &"m".repeat(5000), &"%41".repeat(2000)] {
        let path = format!("/openai/deployments/{name}/chat/completions");
        let answer = ask(proxy.engine(), &Request::post(&path, &*body)).await;
        assert_eq!(answer.status, 200, "{name}");
    }
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "success")]), Some(6.0));
    let models = scrape.labels_of("llm_requests_started_total", "model");
    assert!(models.iter().all(|model| model.len() <= 256), "{models:?}");
}
