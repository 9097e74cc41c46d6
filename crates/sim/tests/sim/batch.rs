//! Several chats in one request, and SageMaker's one path for all APIs.

use serde_json::json;
use weir_sim::{Engine, Plan, Upstream};

use crate::client::{CHAT, DEADLINE, get, post};
use crate::sse::contents;

const BATCH: &str = "/v1/chat/completions/batch";

async fn start(engine: Engine) -> Upstream {
    let plan = Plan { prompt_tokens: Some(9), ..Plan::tokens(3) };
    Upstream::builder().engine(engine).plan(plan).start().await.unwrap()
}

#[tokio::test]
async fn a_batch_has_a_choice_for_every_chat() {
    let upstream = start(Engine::vllm("0.32.0")).await;
    let body = r#"{"model":"tiny","stream":true,"messages":[[{"role":"user"}],[{"role":"user"}]]}"#;
    let answer = post(&upstream, BATCH, "", body).await.json();
    assert_eq!(answer["choices"][1]["index"], 1);
    assert_eq!(answer["choices"].as_array().unwrap().len(), 2);
    assert_eq!(answer["usage"]["completion_tokens"], 6, "the sum, as of several choices");
    let seen = upstream.wait_for(|all| all[0].finished(), DEADLINE, "it is finished").await;
    assert_eq!((seen[0].output_tokens, seen[0].usage.unwrap().output), (6, 6));
    let older = start(Engine::vllm("0.18.1")).await;
    assert_eq!(post(&older, BATCH, "", body).await.status, 404);
    assert_eq!(get(&upstream, BATCH).await.status, 405);
}

#[tokio::test]
async fn the_shape_of_an_invocation_tells_the_api() {
    let upstream = start(Engine::vllm("0.32.0")).await;
    for (body, object) in [
        (r#"{"messages":[]}"#, json!("chat.completion")),
        (r#"{"prompt":"p"}"#, json!("text_completion")),
        (r#"{"input":"p"}"#, json!("list")),
        (r#"{"query":"q","documents":["a"]}"#, json!(null)),
        (r#"{"text_1":"a","text_2":"b"}"#, json!("list")),
    ] {
        let answer = post(&upstream, "/invocations", "", body).await;
        assert_eq!((answer.status, &answer.json()["object"]), (200, &object), "{body}");
        assert!(answer.json()["usage"]["prompt_tokens"] == 9, "{body}");
    }
    let streamed = r#"{"messages":[],"stream":true}"#;
    let answer = post(&upstream, "/invocations", "x-sim: tokens=5\r\n", streamed).await;
    assert_eq!(contents(answer.text()).len(), 5);
    assert_eq!(post(&upstream, "/invocations", "", "{}").await.status, 400);
    assert_eq!(post(&upstream, "/invocations", "", "{").await.status, 400);
    let litellm = start(Engine::litellm("1.106.2")).await;
    assert_eq!(post(&litellm, "/invocations", "", streamed).await.status, 404);
}

#[tokio::test]
async fn an_invocation_takes_a_plan_of_the_queue() {
    let upstream = start(Engine::vllm("0.32.0")).await;
    upstream.push(Plan::tokens(7));
    let streamed = r#"{"messages":[],"stream":true}"#;
    assert_eq!(contents(post(&upstream, "/invocations", "", streamed).await.text()).len(), 7);
    assert_eq!(contents(post(&upstream, CHAT, "", streamed).await.text()).len(), 3);
}
