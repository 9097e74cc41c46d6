//! Vectors and scores: rerank, score, classify, pooling, embeddings in all their encodings.

use serde_json::{Value, json};
use weir_sim::{Engine, Plan, Recorded, Upstream};

use crate::client::{Answer, DEADLINE, End, get, post};

async fn start(engine: Engine) -> Upstream {
    let plan = Plan { prompt_tokens: Some(8), ..Plan::default() };
    Upstream::builder().engine(engine).plan(plan).start().await.unwrap()
}

async fn ask(engine: Engine, path: &str, body: &str) -> (Answer, Recorded) {
    let upstream = start(engine).await;
    let answer = post(&upstream, path, "", body).await;
    let over = |all: &[Recorded]| all[0].finished();
    (answer, upstream.wait_for(over, DEADLINE, "it is finished").await.remove(0))
}

const RERANK: &str = r#"{"model":"tiny","query":"q","documents":["a","b","c"],"top_n":2}"#;

#[tokio::test]
async fn rerank_has_the_usage_of_its_time() {
    for path in ["/rerank", "/v1/rerank", "/v2/rerank"] {
        let (answer, seen) = ask(Engine::vllm("0.32.0"), path, RERANK).await;
        let answer = answer.json();
        assert_eq!(answer["results"].as_array().unwrap().len(), 2, "{path}");
        let document = json!({"text": "b", "multi_modal": null});
        assert_eq!(
            (&answer["results"][1]["document"], &answer["model"]),
            (&document, &json!("tiny"))
        );
        assert_eq!(answer["usage"], json!({"prompt_tokens": 8, "total_tokens": 8}), "{path}");
        assert_eq!((seen.input_tokens, seen.output_tokens), (8, 0), "{path}");
        assert_eq!(seen.usage.map(|usage| (usage.input, usage.output)), Some((8, 0)), "{path}");
    }
    let (older, _) = ask(Engine::vllm("0.12.0"), "/rerank", RERANK).await;
    assert_eq!(older.json()["usage"], json!({"total_tokens": 8}));
    let (litellm, _) = ask(Engine::litellm("1.106.2"), "/v2/rerank", RERANK).await;
    let meta = json!({"billed_units": {"total_tokens": 8}, "tokens": {"input_tokens": 8}});
    assert_eq!(litellm.json()["meta"], meta);
    let (llama, _) = ask(Engine::llama_cpp(), "/v1/rerank", RERANK).await;
    assert_eq!(llama.json()["usage"]["prompt_tokens"], 8);
}

#[tokio::test]
async fn scores_and_classes_are_lists() {
    for (path, body, count) in [
        ("/score", r#"{"text_1":"a","text_2":["b","c"]}"#, 2),
        ("/v1/score", r#"{"queries":["a"],"documents":"b"}"#, 1),
        ("/classify", r#"{"input":["a","b"]}"#, 2),
        ("/pooling", r#"{"input":["a","b","c"]}"#, 3),
        ("/pooling", r#"{"messages":[]}"#, 1),
    ] {
        let (answer, seen) = ask(Engine::vllm("0.32.0"), path, body).await;
        let answer = answer.json();
        assert_eq!(answer["object"], "list", "{path}");
        assert_eq!(answer["data"].as_array().unwrap().len(), count, "{path}");
        let usage = json!({
            "prompt_tokens": 8, "total_tokens": 8, "completion_tokens": 0,
            "prompt_tokens_details": null, "completion_tokens_details": null,
        });
        assert_eq!(answer["usage"], usage, "{path}");
        assert_eq!((seen.usage.unwrap().input, seen.content_events), (8, 0), "{path}");
    }
}

#[tokio::test]
async fn cohere_counts_in_billed_units() {
    let body = r#"{"model":"tiny","texts":["a","b"],"embedding_types":["float"]}"#;
    let (answer, seen) = ask(Engine::vllm("0.32.0"), "/v2/embed", body).await;
    let answer = answer.json();
    assert_eq!(answer["embeddings"]["float"].as_array().unwrap().len(), 2);
    assert_eq!(answer["texts"], json!(["a", "b"]));
    assert_eq!(answer["meta"]["billed_units"], json!({"input_tokens": 8, "image_tokens": 0}));
    assert_eq!((answer.get("model"), answer.get("usage")), (None, None));
    assert_eq!(seen.usage.unwrap().input, 8);
}

#[tokio::test]
async fn bytes_have_their_usage_in_a_header() {
    for path in ["/v1/embeddings", "/pooling"] {
        let body = r#"{"model":"tiny","input":["a","b"],"encoding_format":"bytes"}"#;
        let (answer, seen) = ask(Engine::vllm("0.32.0"), path, body).await;
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
        assert_eq!((answer.header("content-length"), answer.end), (None, End::Complete));
        assert_eq!((answer.body.len(), &answer.body[..4]), (24, &0.1_f32.to_le_bytes()[..]));
        let metadata = answer.header("metadata").unwrap();
        assert!(metadata.contains(r#""usage": {"prompt_tokens": 8, "total_tokens": 8}"#), "{path}");
        let metadata: Value = serde_json::from_str(metadata).unwrap();
        assert_eq!((&metadata["model"], &metadata["data"][1]["end"]), (&json!("tiny"), &json!(24)));
        assert_eq!(seen.usage.unwrap().input, 8, "{path}");
        let bare = body.replace("bytes", "bytes_only");
        let (answer, seen) = ask(Engine::vllm("0.32.0"), path, &bare).await;
        assert_eq!((answer.header("metadata"), answer.body.len()), (None, 24), "{path}");
        assert_eq!((seen.usage, seen.input_tokens), (None, 8), "{path}");
    }
}

#[tokio::test]
async fn base64_is_what_the_sdk_asks_for() {
    let body = r#"{"model":"tiny","input":"a","encoding_format":"base64"}"#;
    for engine in [Engine::vllm("0.32.0"), Engine::litellm("1.106.2")] {
        let (answer, _) = ask(engine, "/v1/embeddings", body).await;
        assert_eq!(answer.json()["data"][0]["embedding"], "zczMPc3MTD6amZk+");
    }
}

#[tokio::test]
async fn what_a_version_has_no_route_for_is_not_found() {
    for (engine, path, status) in [
        (Engine::vllm("0.6.6"), "/rerank", 404),
        (Engine::vllm("0.6.6"), "/score", 200),
        (Engine::vllm("0.8.5"), "/classify", 404),
        (Engine::vllm("0.16.0"), "/v2/embed", 404),
        (Engine::litellm("1.106.2"), "/score", 404),
        (Engine::llama_cpp(), "/pooling", 404),
    ] {
        let upstream = start(engine).await;
        assert_eq!(post(&upstream, path, "", "{}").await.status, status, "{path}");
    }
    let upstream = start(Engine::vllm("0.32.0")).await;
    assert_eq!(get(&upstream, "/rerank").await.status, 405);
}

#[tokio::test]
async fn faults_and_refusals_are_as_elsewhere() {
    let upstream = start(Engine::vllm("0.32.0")).await;
    let with = |plan: &str| format!("x-sim: {plan}\r\n");
    let refused = post(&upstream, "/rerank", &with("fault=status:503"), RERANK).await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (503, &json!(503)));
    let unknown = post(&upstream, "/score", "", r#"{"model":"nosuch"}"#).await;
    assert_eq!(unknown.json()["error"]["type"], "NotFoundError");
    let cut = post(&upstream, "/rerank", &with("fault=reset_mid_event:0"), RERANK).await;
    assert_eq!((cut.status, cut.end), (200, End::Reset));
    let bytes = r#"{"input":"a","encoding_format":"bytes"}"#;
    let half = post(&upstream, "/pooling", &with("fault=close_mid_stream:0"), bytes).await;
    assert_eq!((half.status, half.end, half.body.len()), (200, End::Closed, 6));
}
