//! Every endpoint of every engine, streamed and not: the bytes are the upstream's, the numbers are
//! what it sent.

use std::time::Duration;

use weir_sim::{Engine, Plan};

use crate::rig::Api;
use crate::scene::Scene;

async fn check(server: Engine, apis: &[Api]) {
    let plan = Plan {
        reasoning_tokens: 5,
        prompt_tokens: Some(321),
        cached_tokens: Some(64),
        gap: Duration::from_millis(1),
        ..Plan::tokens(17)
    };
    let cases = apis.iter().flat_map(|&api| [(api, true), (api, false)]);
    let cases: Vec<_> = cases.filter(|&(api, stream)| api.streams() || !stream).collect();
    let models: Vec<_> = cases.iter().map(|case| format!("{case:?}")).collect();
    let scene = Scene::start(server, plan, &models).await;
    let (mut request_bytes, mut response_bytes) = (0, 0);
    for (&(api, stream), model) in cases.iter().zip(&models) {
        let checked = scene.check(api, &api.body(model, stream)).await;
        request_bytes += checked.request_bytes;
        response_bytes += checked.response_bytes;
    }

    let scrape = scene.proxy.settled().await;
    let on_route = [("route", "only"), ("hop", "engine")];
    let value = |name: &str| scrape.value(name, &on_route);
    let all = Some(cases.len() as f64);
    assert_eq!(scrape.sum("llm_responses_total", &[]), all);
    assert_eq!(scrape.value("llm_responses_total", &[("code", "200")]), all);
    assert_eq!(value("llm_request_size_bytes_count"), all);
    assert_eq!(value("llm_request_size_bytes_sum"), Some(request_bytes as f64));
    assert_eq!(value("llm_response_size_bytes_count"), all);
    assert_eq!(value("llm_response_size_bytes_sum"), Some(response_bytes as f64));
    assert_eq!(value("llm_time_to_first_byte_seconds_count"), all);
    assert_eq!(value("llm_proxy_overhead_seconds_count"), all);
    assert_eq!(value("weir_upstream_retries_total"), Some(0.0));
    assert_eq!(scrape.sum("weir_meter_degraded_total", &[]), Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vllm_of_today() {
    check(Engine::vllm("0.32.0"), &Api::ALL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vllm_with_the_first_responses() {
    check(Engine::vllm("0.10.0"), &[Api::Chat, Api::Completions, Api::Responses]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vllm_of_old() {
    let pooled = [Api::Embeddings, Api::Score, Api::Pooling];
    check(Engine::vllm("0.6.6"), &[&[Api::Chat, Api::Completions][..], &pooled].concat()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vllm_before_rerank_told_prompt_tokens() {
    let apis = [Api::Rerank, Api::Classify, Api::Transcriptions, Api::Translations];
    check(Engine::vllm("0.12.0"), &apis).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm() {
    let server = Engine::litellm("1.106.2");
    check(server.clone(), &Api::of(&server)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn llama_cpp() {
    let server = Engine::llama_cpp();
    check(server.clone(), &Api::of(&server)).await;
}
