//! What engines say of their own speed.

use std::time::Duration;

use serde_json::Value;
use weir_sim::{Engine, Plan, Upstream};

use crate::client::{CHAT, post};
use crate::sse::jsons;

const USAGE: &str = r#","stream":true,"stream_options":{"include_usage":true}"#;

async fn start(engine: Engine) -> Upstream {
    let (ttft, gap) = (Duration::from_millis(20), Duration::from_millis(5));
    let plan = Plan { ttft, gap, ..Plan::tokens(3) };
    Upstream::builder().engine(engine).plan(plan).start().await.unwrap()
}

fn body(more: &str) -> String {
    format!(r#"{{"model":"tiny","prompt":"p","messages":[]{more}}}"#)
}

#[tokio::test]
async fn vllm_tells_its_times_if_it_was_started_so() {
    let upstream = start(Engine::vllm("0.32.0").per_request_metrics()).await;
    for path in [CHAT, "/v1/completions"] {
        let whole = post(&upstream, path, "", &body("")).await.json();
        let streamed = post(&upstream, path, "", &body(USAGE)).await;
        let last = jsons(streamed.text()).pop().unwrap();
        for metrics in [&whole["metrics"], &last["metrics"]] {
            assert_eq!(metrics["time_to_first_token_ms"], 20.0, "{path}");
            assert_eq!(metrics["generation_time_ms"], 10.0, "{path}");
            assert_eq!(metrics["mean_itl_ms"], 5.0, "{path}");
            assert_eq!(metrics["tokens_per_second"], 100.0, "{path}");
        }
        let others = jsons(streamed.text()).len() - 1;
        let silent = jsons(streamed.text())[..others].iter().all(|e| e.get("metrics").is_none());
        assert!(silent, "{path}: only the usage event tells them");
        let two = post(&upstream, path, "", &body(r#","n":2"#)).await.json();
        assert_eq!(two["metrics"], Value::Null, "{path}: not for several choices");
    }
    for engine in [Engine::vllm("0.24.0").per_request_metrics(), Engine::vllm("0.32.0")] {
        let upstream = start(engine).await;
        let whole = post(&upstream, CHAT, "", &body("")).await.json();
        assert_eq!(whole["metrics"], Value::Null);
    }
}

#[tokio::test]
async fn a_response_has_them_in_newer_versions() {
    for (version, told) in [("0.32.0", false), ("0.33.0", true)] {
        let upstream = start(Engine::vllm(version).per_request_metrics()).await;
        let request = r#"{"model":"tiny","input":"p"}"#;
        let whole = post(&upstream, "/v1/responses", "", request).await.json();
        assert_eq!(whole.get("metrics").is_some(), told, "{version}");
    }
}

#[tokio::test]
async fn fingerprints_and_timings_come_by_themselves() {
    for (engine, place) in [
        (Engine::vllm("0.32.0"), "/system_fingerprint"),
        (Engine::llama_cpp(), "/system_fingerprint"),
        (Engine::llama_cpp(), "/timings/predicted_per_token_ms"),
    ] {
        let upstream = start(engine).await;
        let whole = post(&upstream, CHAT, "", &body("")).await.json();
        let streamed = post(&upstream, CHAT, "", &body(USAGE)).await;
        let last = jsons(streamed.text()).pop().unwrap();
        assert!(!whole.pointer(place).unwrap().is_null(), "{place}");
        assert!(!last.pointer(place).unwrap().is_null(), "{place}");
    }
    let older = start(Engine::vllm("0.21.0")).await;
    let whole = post(&older, CHAT, "", &body("")).await.json();
    assert_eq!(whole["system_fingerprint"], Value::Null);
}
