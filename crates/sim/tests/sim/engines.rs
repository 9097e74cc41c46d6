//! What differs from engine to engine, and from version to version.

use serde_json::{Value, json};
use weir_sim::{Engine, Plan, Scrape, Upstream};

use crate::client::{CHAT, chat, get, post};
use crate::sse::{events, jsons, usages};

async fn start(engine: Engine) -> Upstream {
    let plan = Plan { prompt_tokens: Some(9), ..Plan::tokens(3) };
    Upstream::builder().engine(engine).plan(plan).start().await.unwrap()
}

fn streamed(options: &str) -> String {
    format!(r#"{{"model":"tiny","prompt":"p","messages":[],"stream":true{options}}}"#)
}

const USAGE: &str = r#","stream_options":{"include_usage":true}"#;

#[tokio::test]
async fn usage_comes_only_when_asked_for() {
    for engine in [Engine::vllm("0.6.6"), Engine::vllm("0.32.0"), Engine::litellm("1.106.2")] {
        for path in [CHAT, "/v1/completions"] {
            let upstream = start(engine.clone()).await;
            for (options, count) in [
                ("", 0),
                (r#","stream_options":{"include_usage":false}"#, 0),
                (r#","stream_options":{"continuous_usage_stats":true}"#, 0),
                (USAGE, 1),
            ] {
                let answer = post(&upstream, path, "", &streamed(options)).await;
                let usages = usages(answer.text());
                assert_eq!(usages.len(), count, "{engine:?} {path} {options}");
                let right = |usage: &Value| usage["total_tokens"] == 12;
                assert!(usages.iter().all(right), "{engine:?} {path} {options}");
            }
        }
    }
}

#[tokio::test]
async fn forced_usage_grew_with_the_versions() {
    for (version, count) in [("0.9.1", 0), ("0.18.1", 1), ("0.32.0", 6)] {
        let upstream = start(Engine::vllm(version).force_usage()).await;
        let answer = post(&upstream, CHAT, "", &streamed("")).await;
        assert_eq!(usages(answer.text()).len(), count, "{version}");
    }
}

#[tokio::test]
async fn the_usage_event_has_the_engines_shape() {
    let choices = |answer: &str| jsons(answer).last().unwrap()["choices"].clone();
    let vllm = post(&start(Engine::vllm("0.32.0")).await, CHAT, "", &streamed(USAGE)).await;
    assert_eq!(choices(vllm.text()), json!([]));
    let litellm = post(&start(Engine::litellm("1.106.2")).await, CHAT, "", &streamed(USAGE)).await;
    assert_eq!(choices(litellm.text()), json!([{"index": 0, "delta": {}}]));
    let upstream = start(Engine::llama_cpp()).await;
    let llama = post(&upstream, "/v1/completions", "", &streamed("")).await;
    let last = jsons(llama.text()).pop().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "stop", "usage on the finish chunk");
    assert_eq!(last["usage"]["completion_tokens"], 3);
    assert_eq!(last["timings"]["predicted_n"], 3);
    let upstream = start(Engine::vllm("0.18.1")).await;
    let older = post(&upstream, "/v1/completions", "", &streamed("")).await;
    assert!(jsons(older.text()).iter().all(|chunk| chunk.get("usage") == Some(&Value::Null)));
}

#[tokio::test]
async fn a_strict_engine_names_what_it_refuses() {
    let upstream = start(Engine::strict()).await;
    let refused = post(&upstream, CHAT, "", &streamed(USAGE)).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("stream_options") && refused.json()["object"] == "error");
    let answer = post(&upstream, CHAT, "", &streamed("")).await;
    let last = jsons(answer.text()).pop().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert_eq!(last["usage"]["completion_tokens"], 3, "unasked, on the last choice chunk");
}

#[tokio::test]
async fn reasoning_changed_its_name() {
    for (version, fields) in [
        ("0.6.6", &["content"][..]),
        ("0.10.0", &["reasoning_content"]),
        ("0.12.0", &["reasoning", "reasoning_content"]),
        ("0.32.0", &["reasoning"]),
    ] {
        let upstream = start(Engine::vllm(version)).await;
        upstream.push(Plan { reasoning_tokens: 1, ..Plan::tokens(2) });
        let answer = post(&upstream, CHAT, "", &chat(true)).await;
        let delta = jsons(answer.text())[1]["choices"][0]["delta"].clone();
        let names: Vec<_> = delta.as_object().unwrap().keys().collect();
        assert_eq!(names, fields, "{version}");
    }
}

#[tokio::test]
async fn cached_and_reasoning_tokens_are_told_where_the_engine_tells_them() {
    let plan = Plan {
        prompt_tokens: Some(20),
        cached_tokens: Some(5),
        reasoning_tokens: 2,
        ..Plan::tokens(4)
    };
    let whole = |engine: Engine, path: &'static str| {
        let builder = Upstream::builder().engine(engine).plan(plan.clone());
        async move {
            let upstream = builder.start().await.unwrap();
            let body = r#"{"model":"tiny","messages":[],"input":"p"}"#;
            post(&upstream, path, "", body).await.json()["usage"].clone()
        }
    };
    let usage = whole(Engine::vllm("0.32.0"), CHAT).await;
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 5);
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 2);
    let usage = whole(Engine::vllm("0.20.0"), CHAT).await;
    assert_eq!(usage["completion_tokens_details"], Value::Null, "not before 0.28");
    let usage = whole(Engine::vllm("0.32.0"), "/v1/messages").await;
    let expected = json!({"input_tokens": 15, "output_tokens": 4, "cache_read_input_tokens": 5});
    assert_eq!(usage, expected, "cached tokens are no part of the input there");
    let usage = whole(Engine::vllm("0.18.1"), "/v1/messages").await;
    assert_eq!(usage, json!({"input_tokens": 20, "output_tokens": 4}));
    let usage = whole(Engine::vllm("0.32.0"), "/v1/responses").await;
    assert_eq!(usage["output_tokens_details"]["reasoning_tokens"], 2);
}

#[tokio::test]
async fn unknown_models_get_the_engines_refusal() {
    let body = r#"{"model":"nosuch","messages":[]}"#;
    let ask = |engine: Engine| async move { post(&start(engine).await, CHAT, "", body).await };
    let old = ask(Engine::vllm("0.10.0")).await;
    assert_eq!((old.status, &old.json()["object"]), (404, &json!("error")));
    let litellm = ask(Engine::litellm("1.106.2")).await;
    assert_eq!((litellm.status, &litellm.json()["error"]["code"]), (400, &json!("400")));
    let llama = ask(Engine::llama_cpp()).await;
    assert_eq!((llama.status, &llama.json()["model"]), (200, &json!("tiny")));
    let upstream = Upstream::builder().models(Vec::<String>::new()).start().await.unwrap();
    assert_eq!(post(&upstream, CHAT, "", body).await.json()["model"], "nosuch", "any name will do");
}

#[tokio::test]
async fn the_last_event_of_messages_depends_on_the_version() {
    for (engine, done) in [
        (Engine::vllm("0.18.1"), true),
        (Engine::vllm("0.32.0"), false),
        (Engine::litellm("1.106.2"), false),
    ] {
        let upstream = start(engine).await;
        let answer = post(&upstream, "/v1/messages", "", &streamed("")).await;
        let last = events(answer.text()).pop().unwrap();
        assert_eq!(last.data == "[DONE]", done);
        assert!(done || last.name.as_deref() == Some("message_stop"));
    }
}

#[tokio::test]
async fn a_request_id_becomes_the_answers() {
    let upstream = start(Engine::vllm("0.32.0")).await;
    let answer = post(&upstream, CHAT, "X-Request-Id: abc\r\n", &chat(false)).await;
    assert_eq!(answer.json()["id"], "chatcmpl-abc");
}

#[tokio::test]
async fn the_other_pages_answer() {
    let upstream = start(Engine::vllm("0.32.0")).await;
    assert_eq!(get(&upstream, "/v1/models").await.json()["data"][0]["id"], "tiny");
    assert_eq!(get(&upstream, "/version").await.text(), r#"{"version":"0.32.0"}"#);
    assert_eq!(get(&upstream, "/health").await.body, b"");
    assert_eq!(get(&upstream, "/nosuch").await.status, 404);
    assert_eq!(get(&upstream, CHAT).await.status, 405);
    assert_eq!(post(&upstream, "/v1/nosuch", "", "{}").await.text(), r#"{"detail":"Not Found"}"#);
    let tokens = post(&upstream, "/tokenize", "", r#"{"prompt":"some text"}"#).await.json();
    assert_eq!(
        tokens["tokens"].as_array().unwrap().len() as u64,
        tokens["count"].as_u64().unwrap()
    );
    let litellm = start(Engine::litellm("1.106.2")).await;
    assert_eq!(get(&litellm, "/metrics").await.header("location"), Some("/metrics/"));
}

#[tokio::test]
async fn engine_metrics_count_and_have_the_names_of_their_time() {
    for (version, present, absent) in [
        ("0.6.6", "vllm:gpu_cache_usage_perc", "vllm:kv_cache_usage_perc"),
        ("0.32.0", "vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"),
    ] {
        let upstream = start(Engine::vllm(version)).await;
        post(&upstream, CHAT, "", &chat(true)).await;
        post(&upstream, "/v1/completions", "", &streamed(r#","max_tokens":2"#)).await;
        let done = upstream.wait_for(
            |all| all.iter().filter(|request| request.finished()).count() == 2,
            crate::client::DEADLINE,
            "both are finished",
        );
        done.await;
        let page = get(&upstream, "/metrics").await;
        let scrape = Scrape::parse(page.text()).unwrap();
        let tiny = [("model_name", "tiny")];
        assert!(scrape.value(present, &tiny).is_some() && scrape.value(absent, &tiny).is_none());
        assert_eq!(scrape.value("vllm:generation_tokens_total", &tiny), Some(5.0));
        assert_eq!(scrape.value("vllm:prompt_tokens_total", &tiny), Some(18.0));
        let success = "vllm:request_success_total";
        assert_eq!(scrape.value(success, &[("finished_reason", "length")]), Some(1.0));
        assert_eq!(scrape.sum(success, &tiny), Some(2.0));
        let ttft = scrape.histogram("vllm:time_to_first_token_seconds", &tiny).unwrap();
        assert_eq!((ttft.count, ttft.buckets.last().unwrap().1), (2.0, 2.0));
        assert_eq!(scrape.kind("vllm:e2e_request_latency_seconds"), Some("histogram"));
    }
}
