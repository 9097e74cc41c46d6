//! Vectors and scores: every path and every encoding, and where their usage stands.

use serde_json::{Value, json};
use weir_sim::{Engine, Plan};

use crate::rig::{Api, Request, assert_same, both};
use crate::scene::Scene;

/// Sends it both ways: the answers are the same, and the input tokens are counted at `endpoint`,
/// if any are `told`.
async fn check(server: Engine, path: &str, body: &Value, endpoint: &str, told: Option<f64>) {
    let what = format!("{server:?} {path} {body}");
    let plan = Plan { prompt_tokens: Some(40), ..Plan::default() };
    let scene = Scene::start(server, plan, &["judge".to_owned()]).await;
    let mut body = body.clone();
    body["model"] = "judge".into();
    let request = Request::post(path, body.to_string());
    let (direct, through) = both(&scene.sim, scene.proxy.engine(), &request).await;
    assert_eq!(direct.status, 200, "{what}: {}", direct.text());
    assert_same(&direct, &through);
    let sent = scene.sim.requests().pop().unwrap();
    assert_eq!(sent.body, body.to_string().as_bytes(), "{what}");

    let scrape = scene.proxy.settled().await;
    let here = [("endpoint", endpoint), ("model", "judge")];
    let success = [here[0], here[1], ("outcome", "success")];
    assert_eq!(scrape.value("llm_requests_total", &success), Some(1.0), "{what}");
    let input = [here[0], here[1], ("kind", "input"), ("source", "reported")];
    assert_eq!(scrape.value("llm_tokens_total", &input), told, "{what}");
    assert_eq!(scrape.sum("llm_tokens_total", &[("kind", "output")]), None, "{what}");
    assert_eq!(scrape.sum("llm_usage_missing_total", &[]), None, "{what}");
    assert_eq!(scrape.sum("weir_meter_degraded_total", &[]), Some(0.0), "{what}");
    let size = scrape.value("llm_response_size_bytes_sum", &[]);
    assert_eq!(size, Some(through.body.len() as f64), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_ranked_under_three_paths() {
    let body = json!({"query": "q", "documents": ["a", "b", "c"], "top_n": 2});
    for path in ["/rerank", "/v1/rerank", "/v2/rerank"] {
        for server in ["vllm:0.33.0", "vllm:0.12.0", "litellm:1.106.2", "llama.cpp"] {
            check(server.parse().unwrap(), path, &body, "rerank", Some(40.0)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairs_are_scored_whatever_they_are_called() {
    for body in [
        json!({"text_1": "a", "text_2": ["b", "c"]}),
        json!({"queries": ["a"], "documents": "b"}),
        json!({"data_1": "a", "data_2": "b"}),
    ] {
        for path in ["/score", "/v1/score"] {
            check(Engine::vllm("0.33.0"), path, &body, "score", Some(40.0)).await;
        }
    }
    check(Engine::vllm("0.33.0"), "/classify", &json!({"input": "a"}), "classify", Some(40.0))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vectors_are_counted_in_every_encoding() {
    for (encoding, told) in [
        ("float", Some(40.0)),
        ("base64", Some(40.0)),
        // Told in a header.
        ("bytes", Some(40.0)),
        // Told nowhere, and there is no room for it.
        ("bytes_only", None),
    ] {
        let body = json!({"input": ["a", "b"], "encoding_format": encoding});
        for (path, endpoint) in [("/v1/embeddings", "embeddings"), ("/pooling", "pooling")] {
            for version in ["0.16.0", "0.33.0"] {
                check(Engine::vllm(version), path, &body, endpoint, told).await;
            }
        }
    }
}

/// The header grows with the inputs, by about 110 bytes for each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_with_many_inputs_is_read() {
    for inputs in [100, 500] {
        let body = json!({"input": vec!["a"; inputs], "encoding_format": "bytes"});
        check(Engine::vllm("0.33.0"), "/v1/embeddings", &body, "embeddings", Some(40.0)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coheres_vectors_are_counted_by_what_is_billed() {
    let body = json!({"texts": ["a", "b"], "embedding_types": ["float"]});
    check(Engine::vllm("0.33.0"), "/v2/embed", &body, "embeddings", Some(40.0)).await;
    // A large answer, too.
    let body = json!({"texts": vec!["w".repeat(3000); 100]});
    check(Engine::vllm("0.33.0"), "/v2/embed", &body, "embeddings", Some(40.0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_streamed_is_not_asked_for_usage() {
    let plan = Plan { prompt_tokens: Some(40), ..Plan::default() };
    let apis = [Api::Batch, Api::Embed, Api::Rerank, Api::Score, Api::Classify, Api::Pooling];
    let models = apis.map(|api| format!("{api:?}"));
    let scene = Scene::start(Engine::vllm("0.33.0"), plan, &models).await;
    for (api, model) in apis.into_iter().zip(&models) {
        let mut body = api.body(model, false);
        body["stream"] = true.into();
        scene.check(api, &body).await;
        let sent = scene.sim.requests().pop().unwrap();
        assert_eq!(sent.body, body.to_string().as_bytes(), "{api:?}");
    }
}
