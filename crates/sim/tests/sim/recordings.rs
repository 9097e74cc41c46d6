//! The simulated engines against recordings of the real ones: the same bytes, but for ids and
//! times.

use std::path::{Path, PathBuf};

use serde_json::Value;
use weir_sim::{Engine, Plan, Upstream};

use crate::client::{Answer, CHAT, post};
use crate::sse::contents;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Ids and times as `*`.
fn masked(text: &str) -> String {
    let mut text = text.to_owned();
    for key in ["id", "item_id", "created", "created_at"] {
        let mark = format!("\"{key}\":");
        let mut parts = text.split(&mark);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part.find([',', '}']).unwrap_or(part.len());
            out.push_str(&mark);
            out.push('*');
            out.push_str(&part[end..]);
        }
        text = out;
    }
    text
}

/// The names of the headers in their order, and the values that do not vary.
fn head_shape(head: &str) -> Vec<String> {
    let lines = head.lines().filter(|line| !line.is_empty());
    let shape = lines.map(|line| match line.split_once(": ") {
        Some((name @ ("date" | "content-length"), _)) => name.to_owned(),
        _ => line.to_owned(),
    });
    shape.collect()
}

/// Plays a recorded request to the simulated engine, whose tokens are those of the recording.
async fn replay(
    engine: Engine,
    models: [&str; 1],
    path: &str,
    request: &str,
    plan: Plan,
) -> Answer {
    let upstream = Upstream::builder().engine(engine).models(models).plan(plan).start().await;
    post(&upstream.unwrap(), path, "", request).await
}

/// A plan that says what a recorded stream said: one token more than the limit, so that the
/// request's `max_tokens` ends it.
fn plan_of_stream(body: &str, prompt: u64) -> Plan {
    let text = contents(body);
    Plan { tokens: text.len() + 1, text, prompt_tokens: Some(prompt), ..Plan::default() }
}

#[tokio::test]
async fn streams_of_vllm_are_the_same_bytes() {
    for (name, path, prompt) in [
        ("chat-stream", CHAT, 18),
        ("chat-stream-usage", CHAT, 18),
        ("chat-stream-contusage", CHAT, 18),
        ("comp-stream", "/v1/completions", 5),
        ("comp-stream-usage", "/v1/completions", 5),
        ("messages-stream", "/v1/messages", 18),
        ("responses-stream", "/v1/responses", 15),
    ] {
        let body = read(&format!("vllm-0.32.0/{name}.body"));
        let mut plan = plan_of_stream(&body, prompt);
        let request = read(&format!("vllm-0.32.0/{name}.req"));
        let limit = limit(&request);
        if contents(&body).len() < limit {
            // The engine held an incomplete character back: two tokens in one event.
            plan.text.insert(1, String::new());
            plan.tokens = limit + 1;
        }
        let answer = replay(Engine::vllm("0.32.0"), ["tiny"], path, &request, plan).await;
        let head = read(&format!("vllm-0.32.0/{name}.hdr"));
        assert_eq!(head_shape(&answer.head), head_shape(&head), "{name}");
        let (ours, theirs) = (masked(answer.text()), masked(&body));
        similar(name, &ours, &theirs);
    }
}

fn limit(request: &str) -> usize {
    let request: Value = serde_json::from_str(request).unwrap();
    let limit = request["max_tokens"].as_u64().or_else(|| request["max_output_tokens"].as_u64());
    usize::try_from(limit.unwrap()).unwrap()
}

/// Compares event by event, so that a failure shows the one that differs.
fn similar(name: &str, ours: &str, theirs: &str) {
    for (ours, theirs) in ours.split("\n\n").zip(theirs.split("\n\n")) {
        assert_eq!(ours, theirs, "{name}");
    }
    assert_eq!(ours.len(), theirs.len(), "{name}");
}

#[tokio::test]
async fn whole_answers_of_vllm_are_the_same_bytes() {
    for (name, path, prompt, place) in [
        ("chat", CHAT, 18, "/choices/0/message/content"),
        ("comp", "/v1/completions", 5, "/choices/0/text"),
        ("messages", "/v1/messages", 18, "/content/0/text"),
        ("responses", "/v1/responses", 15, "/output/0/content/0/text"),
    ] {
        let body = read(&format!("vllm-0.32.0/{name}.body"));
        let json: Value = serde_json::from_str(&body).unwrap();
        let text = json.pointer(place).unwrap().as_str().unwrap().to_owned();
        let request = read(&format!("vllm-0.32.0/{name}.req"));
        // All of the text in the first token, none in the others.
        let tokens = limit(&request) + 1;
        let mut texts = vec![String::new(); tokens];
        texts[0] = text;
        let plan = Plan { tokens, text: texts, prompt_tokens: Some(prompt), ..Plan::default() };
        let answer = replay(Engine::vllm("0.32.0"), ["tiny"], path, &request, plan).await;
        let head = read(&format!("vllm-0.32.0/{name}.hdr"));
        assert_eq!(head_shape(&answer.head), head_shape(&head), "{name}");
        assert_eq!(masked(answer.text()), masked(&body), "{name}");
    }
}

#[tokio::test]
async fn refusals_of_vllm_are_the_same_bytes() {
    for name in ["err-nomodel", "err-badjson"] {
        let request = read(&format!("vllm-0.32.0/{name}.req"));
        let answer =
            replay(Engine::vllm("0.32.0"), ["tiny"], CHAT, &request, Plan::default()).await;
        let head = read(&format!("vllm-0.32.0/{name}.hdr"));
        assert_eq!(head_shape(&answer.head), head_shape(&head), "{name}");
        assert_eq!(answer.text(), read(&format!("vllm-0.32.0/{name}.body")), "{name}");
    }
}

#[tokio::test]
async fn streams_of_litellm_are_the_same_bytes() {
    for (name, path, model) in [
        ("up-chat-stream", CHAT, "up"),
        ("up-chat-stream-usage", CHAT, "up"),
        ("up-messages-stream", "/v1/messages", "up-hosted-vllm"),
    ] {
        let body = read(&format!("litellm-1.106.2/{name}.body"));
        let text = contents(&body);
        let plan = Plan { tokens: text.len(), text, prompt_tokens: Some(9), ..Plan::default() };
        let options = match name.ends_with("usage") {
            true => r#","stream_options":{"include_usage":true}"#,
            false => "",
        };
        let request = format!(r#"{{"model":"{model}","messages":[],"stream":true{options}}}"#);
        let answer = replay(Engine::litellm("1.106.2"), [model], path, &request, plan).await;
        similar(name, &masked(answer.text()), &masked(&body));
    }
}
