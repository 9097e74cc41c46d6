//! Every dialect of every engine, streamed and not: it parses, and it says what was recorded.

use serde_json::Value;
use weir_sim::{Engine, LineEnd, Plan, Upstream};

use crate::client::{Answer, CHAT, DEADLINE, End, chat, post};
use crate::sse::{contents, ends_with_done, events, jsons, usages};

const PATHS: [&str; 4] = [CHAT, "/v1/completions", "/v1/responses", "/v1/messages"];

fn engines() -> Vec<Engine> {
    let versions = ["0.6.6", "0.10.0", "0.12.0", "0.18.1", "0.32.0", "0.33.0"];
    let mut engines: Vec<Engine> = versions.into_iter().map(Engine::vllm).collect();
    engines.extend([Engine::litellm("1.106.2"), Engine::llama_cpp(), Engine::strict()]);
    engines
}

async fn start(engine: &Engine, plan: &Plan) -> Upstream {
    Upstream::builder().engine(engine.clone()).plan(plan.clone()).start().await.unwrap()
}

/// A body that all APIs understand.
fn body(stream: bool, more: &str) -> String {
    format!(r#"{{"model":"tiny","messages":[],"prompt":"p","input":"p","stream":{stream}{more}}}"#)
}

/// Asks all engines in all dialects; what an old version has no route for is left out.
async fn for_all(plan: &Plan, stream: bool, check: impl Fn(&Engine, &str, &Answer, &Plan)) {
    for engine in engines() {
        for path in PATHS {
            let upstream = start(&engine, plan).await;
            let answer = post(&upstream, path, "", &body(stream, "")).await;
            if answer.status == 404 {
                let old = ["0.4.3", "0.6.6", "0.10.0"].contains(&engine.version());
                assert!(old && answer.text() == r#"{"detail":"Not Found"}"#, "{engine:?} {path}");
                continue;
            }
            assert_eq!((answer.status, answer.end), (200, End::Complete), "{engine:?} {path}");
            check(&engine, path, &answer, plan);
            let seen = upstream.wait_for(|all| all[0].finished(), DEADLINE, "it is finished").await;
            assert_eq!(seen[0].output_tokens, plan.tokens as u64, "{engine:?} {path}");
            let events = if stream { contents(answer.text()).len() as u64 } else { 0 };
            assert_eq!(seen[0].content_events, events, "{engine:?} {path}");
            let reported = usages(answer.text());
            assert_eq!(seen[0].usage.is_some(), !stream || !reported.is_empty(), "{engine:?}");
        }
    }
}

#[tokio::test]
async fn all_streams_parse() {
    for_all(&Plan::tokens(7), true, |engine, path, answer, _| {
        let text = contents(answer.text());
        assert_eq!(text.concat(), "A weir is a low wall across", "{engine:?} {path}");
        assert!(!jsons(answer.text()).is_empty());
        assert!(answer.header("content-type").unwrap().starts_with("text/event-stream"));
        if path == CHAT {
            assert!(ends_with_done(answer.text()));
        }
    })
    .await;
}

#[tokio::test]
async fn all_whole_answers_parse() {
    let plan = Plan { prompt_tokens: Some(9), ..Plan::tokens(7) };
    for chunked in [false, true] {
        let plan = Plan { chunked, ..plan.clone() };
        for_all(&plan, false, |engine, path, answer, _| {
            let json = answer.json();
            let places = [
                "/choices/0/message/content",
                "/choices/0/text",
                "/output/0/content/0/text",
                "/content/0/text",
            ];
            let text = places.iter().find_map(|place| json.pointer(place)?.as_str());
            assert_eq!(text, Some("A weir is a low wall across"), "{engine:?} {path}");
            let usage = &json["usage"];
            let count =
                |key: &str, other: &str| usage[key].as_u64().or_else(|| usage[other].as_u64());
            let input = count("prompt_tokens", "input_tokens");
            let output = count("completion_tokens", "output_tokens");
            assert_eq!((input, output), (Some(9), Some(7)), "{engine:?} {path}");
        })
        .await;
    }
}

#[tokio::test]
async fn reasoning_and_tools_stream_in_every_dialect() {
    let plan = Plan { reasoning_tokens: 3, tool_call: true, ..Plan::tokens(9) };
    for engine in [Engine::vllm("0.32.0"), Engine::litellm("1.106.2"), Engine::llama_cpp()] {
        for path in [CHAT, "/v1/responses", "/v1/messages"] {
            let upstream = start(&engine, &plan).await;
            let answer = post(&upstream, path, "", &body(true, "")).await;
            let text = contents(answer.text());
            assert_eq!(text[..3].concat(), "A weir is", "{path}");
            assert_eq!(text[3], "get_weather", "{path}");
            let arguments: Value = serde_json::from_str(&text[4..].concat()).unwrap();
            assert!(arguments["city"].is_string(), "{path}");
            let seen = upstream.wait_for(|all| all[0].finished(), DEADLINE, "it is finished").await;
            assert_eq!((seen[0].output_tokens, seen[0].reasoning_tokens), (9, 3), "{path}");
            assert_eq!(seen[0].content_events, 9, "{path}");
        }
    }
}

#[tokio::test]
async fn choices_take_turns_and_usage_sums_them() {
    let upstream = start(&Engine::vllm("0.32.0"), &Plan::tokens(3)).await;
    let more = r#","n":2,"stream_options":{"include_usage":true,"continuous_usage_stats":true}"#;
    let answer = post(&upstream, CHAT, "", &body(true, more)).await;
    let jsons = jsons(answer.text());
    let order: Vec<_> = jsons.iter().filter_map(|j| j["choices"][0]["index"].as_u64()).collect();
    assert_eq!(order, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let usages = usages(answer.text());
    assert_eq!(usages[7]["completion_tokens"], 3, "per choice on the way");
    assert_eq!(usages.last().unwrap()["completion_tokens"], 6, "the sum at the end");
    let seen = upstream.wait_for(|all| all[0].finished(), DEADLINE, "it is finished").await;
    assert_eq!((seen[0].output_tokens, seen[0].usage.unwrap().output), (6, 6));
}

#[tokio::test]
async fn structure_in_the_text_stays_text() {
    let text = ["\"usage\":{\"completion_tokens\":9}", "\n\ndata: [DONE]\n\n", "\u{1F30A}\u{0}"];
    let text: Vec<String> = text.map(str::to_owned).to_vec();
    let plan = Plan { text: text.clone(), ..Plan::tokens(3) };
    for_all(&plan, true, |engine, path, answer, _| {
        assert_eq!(contents(answer.text()), text, "{engine:?} {path}");
    })
    .await;
}

#[tokio::test]
async fn line_ends_comments_and_cuts_change_no_content() {
    let plain = start(&Engine::vllm("0.32.0"), &Plan::tokens(6)).await;
    let expected = contents(post(&plain, CHAT, "", &chat(true)).await.text());
    for line_end in [LineEnd::Lf, LineEnd::CrLf, LineEnd::Cr] {
        let plan = Plan {
            line_end,
            comment_every: Some(2),
            events_per_write: 4,
            cut_writes_every: Some(7),
            ..Plan::tokens(6)
        };
        let upstream = start(&Engine::vllm("0.32.0"), &plan).await;
        let answer = post(&upstream, CHAT, "", &chat(true)).await;
        assert_eq!(contents(answer.text()), expected, "{line_end:?}");
        assert_eq!(answer.text().matches(": keep-alive").count(), 4, "{line_end:?}");
        let lf = answer.text().contains('\n');
        assert_eq!(lf, line_end != LineEnd::Cr, "{line_end:?}");
    }
}

#[tokio::test]
async fn several_tokens_of_one_event_count_all() {
    let plan = Plan { tokens_per_event: 4, reasoning_tokens: 3, ..Plan::tokens(10) };
    let upstream = start(&Engine::vllm("0.32.0"), &plan).await;
    let answer = post(&upstream, CHAT, "", &chat(true)).await;
    assert_eq!(contents(answer.text()).len(), 3);
    let seen = upstream.wait_for(|all| all[0].finished(), DEADLINE, "it is finished").await;
    assert_eq!((seen[0].output_tokens, seen[0].content_events), (10, 3));
}

#[tokio::test]
async fn done_is_sent_or_not_as_the_plan_says() {
    for (done, path, expected) in [
        (None, "/v1/messages", false),
        (Some(true), "/v1/messages", true),
        (Some(false), CHAT, false),
    ] {
        let upstream = start(&Engine::vllm("0.32.0"), &Plan { done, ..Plan::default() }).await;
        let answer = post(&upstream, path, "", &body(true, "")).await;
        assert_eq!(ends_with_done(answer.text()), expected, "{done:?} {path}");
        assert!(events(answer.text()).len() > 3);
    }
}

#[tokio::test]
async fn embeddings_answer_every_input() {
    for engine in [Engine::vllm("0.32.0"), Engine::litellm("1.106.2")] {
        let plan = Plan { prompt_tokens: Some(8), ..Plan::default() };
        let upstream = start(&engine, &plan).await;
        let body = r#"{"model":"tiny","input":["a","b"],"stream":true}"#;
        let answer = post(&upstream, "/v1/embeddings", "", body).await.json();
        assert_eq!(answer["data"].as_array().unwrap().len(), 2);
        assert_eq!(answer["usage"]["total_tokens"], 8);
        let seen = upstream.wait_for(|all| all[0].finished(), DEADLINE, "it is finished").await;
        assert_eq!((seen[0].input_tokens, seen[0].output_tokens), (8, 0));
    }
}
