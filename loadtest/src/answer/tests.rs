use std::fs;

use weir_sim::{Plan, Upstream};

use super::*;
use crate::http;
use crate::report::MOST_TEXT;

fn text(answer: &str, reasoning: &str) -> Text {
    Text { answer: answer.to_owned(), reasoning: reasoning.to_owned(), cut: false }
}

/// What is collected of `bytes`, which come in these pieces.
fn collected<'a>(
    endpoint: Endpoint,
    streamed: bool,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Text {
    let mut collector = Collector::new(endpoint, streamed);
    pieces.into_iter().for_each(|piece| collector.push(piece));
    collector.finish()
}

const APIS: [(Endpoint, &str); 4] = [
    (Endpoint::ChatCompletions, "chat/completions"),
    (Endpoint::Completions, "completions"),
    (Endpoint::Responses, "responses"),
    (Endpoint::Messages, "messages"),
];

#[tokio::test]
async fn every_api_says_the_same_streamed_and_not() {
    let plan = Plan {
        tokens: 4,
        reasoning_tokens: 2,
        text: ["Wår ", "and ", "\"peace\"\n"].map(str::to_owned).to_vec(),
        ..Plan::default()
    };
    let said = text("\"peace\"\nWår ", "Wår and ");
    let engine = Upstream::builder().plan(plan.clone()).start().await.unwrap();
    for (endpoint, path) in APIS {
        for streamed in [true, false] {
            let bytes = answered(&engine, path, streamed).await;
            let expected = match endpoint {
                // Knows no reasoning.
                Endpoint::Completions => text("Wår and \"peace\"\nWår ", ""),
                _ => said.clone(),
            };
            let whole = collected(endpoint, streamed, [bytes.as_slice()]);
            assert_eq!(whole, expected, "{path} {streamed}");
            cut_anywhere(endpoint, streamed, &bytes, &whole);
        }
    }
}

#[tokio::test]
async fn calls_of_tools_are_their_arguments() {
    let plan = Plan { tokens: 4, tool_call: true, ..Plan::default() };
    let engine = Upstream::builder().plan(plan).start().await.unwrap();
    for (endpoint, path) in APIS.into_iter().filter(|(api, _)| *api != Endpoint::Completions) {
        let mut said = Vec::new();
        for streamed in [true, false] {
            let bytes = answered(&engine, path, streamed).await;
            let text = collected(endpoint, streamed, [bytes.as_slice()]);
            let arguments: Value = serde_json::from_str(&text.answer).expect(path);
            said.push(arguments);
            cut_anywhere(endpoint, streamed, &bytes, &text);
        }
        assert!(said[0].is_object() && said[0] == said[1], "{path}: {said:?}");
    }
}

async fn answered(engine: &Upstream, path: &str, streamed: bool) -> Vec<u8> {
    let body = serde_json::json!({
        "model": "tiny", "stream": streamed, "max_tokens": 100,
        "messages": [{"role": "user", "content": "Hello"}], "prompt": "Hello", "input": "Hello",
    });
    let url = format!("{}/v1/{path}", engine.url());
    let client = http::client().build().unwrap();
    let answer = client.post(url).body(body.to_string()).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.bytes().await.unwrap().to_vec()
}

/// It does not matter where the bytes are cut.
fn cut_anywhere(endpoint: Endpoint, streamed: bool, bytes: &[u8], expected: &Text) {
    // Two pieces of something large take long; what is cut everywhere at once is cut there too.
    for at in (0..bytes.len()).step_by(1 + bytes.len() / 500) {
        let (one, two) = bytes.split_at(at);
        assert_eq!(&collected(endpoint, streamed, [one, two]), expected, "{endpoint} at {at}");
    }
    assert_eq!(&collected(endpoint, streamed, bytes.chunks(1)), expected, "{endpoint}");
}

#[test]
fn recorded_answers() {
    for (endpoint, name, answer, reasoning) in [
        (Endpoint::ChatCompletions, "reasoning-both-names", "ab", "hm ok"),
        (Endpoint::ChatCompletions, "llamacpp-tool-call", "{}", ""),
        (Endpoint::ChatCompletions, "tool-calls-body", "{}\n{}", ""),
        (Endpoint::ChatCompletions, "sglang-reasoning", "c", "ab"),
        (Endpoint::ChatCompletions, "vllm-0.4-n2", "ace", ""),
        (Endpoint::ChatCompletions, "custom-tool", "ls", ""),
        (Endpoint::Messages, "anthropic-interleaved-thinking", "{}\n{}", "ab"),
        (Endpoint::Messages, "anthropic-body", "a\n{}", ""),
    ] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/wire/tests/corpus");
        let bytes = fs::read(format!("{folder}/{endpoint}/{name}.body")).unwrap();
        let streamed = !bytes.starts_with(b"{");
        let whole = collected(endpoint, streamed, [bytes.as_slice()]);
        assert_eq!(whole, text(answer, reasoning), "{name}");
        cut_anywhere(endpoint, streamed, &bytes, &whole);
    }
}

#[test]
fn whatever_comes_memory_has_a_bound() {
    let event = format!("data: {{\"choices\":[{{\"text\":\"{}\"}}]}}\n\n", "ä".repeat(1_000));
    let mut collector = Collector::new(Endpoint::Completions, true);
    for _ in 0..100 {
        collector.push(event.as_bytes());
    }
    let text = collector.finish();
    assert_eq!((text.answer.len(), text.cut), (MOST_TEXT, true));

    // An event that is too large is passed over, what follows is not.
    let huge = format!("data: {{\"choices\":[{{\"text\":\"{}\"}}]}}\n\n", "a".repeat(MOST_EVENT));
    let next = b"data: {\"choices\":[{\"text\":\"b\"}]}\n\n";
    let text = collected(Endpoint::Completions, true, [huge.as_bytes(), next]);
    assert_eq!((text.answer.as_str(), text.cut), ("b", true));

    // Of a body that is too large, there is what stands before.
    let body = |text: &str| format!("{{\"choices\":[{{\"text\":\"b\"}}],\"logprobs\":\"{text}\"}}");
    let text = collected(Endpoint::Completions, false, [body(&"a".repeat(MOST_BODY)).as_bytes()]);
    assert_eq!((text.answer.as_str(), text.cut), ("b", true));
    let mut collector = Collector::new(Endpoint::Completions, false);
    for _ in 0..10 {
        collector.push(&[b' '; 1 << 20]);
    }
    let Form::Whole(body) = &collector.form else { panic!("a body") };
    assert!(body.capacity() <= 2 * MOST_BODY, "{}", body.capacity());
}

#[test]
fn nonsense_is_passed_over() {
    for endpoint in APIS.map(|(endpoint, _)| endpoint) {
        for body in [
            "",
            "null",
            "7",
            "[]",
            "{}",
            "[DONE]",
            r#"{"choices":7}"#,
            r#"{"choices":[7]}"#,
            r#"{"choices":[{"delta":[],"message":"a","text":{}}]}"#,
            r#"{"type":7,"delta":{}}"#,
            r#"{"type":"content_block_delta","delta":7,"index":-1}"#,
            r#"{"output":[7,{"content":7}]}"#,
            r#"{"content":[7,{"text":7,"input":"a"}]}"#,
            r#"{"error":{"message":"no"}}"#,
            "\u{fffd}",
        ] {
            assert_eq!(collected(endpoint, false, [body.as_bytes()]), Text::default(), "{body}");
            let event = format!("data: {body}\n\n");
            assert_eq!(collected(endpoint, true, [event.as_bytes()]), Text::default(), "{body}");
        }
    }
}

#[test]
fn calls_have_a_line_each() {
    let event = |json: &str| format!("data: {{\"choices\":[{{\"delta\":{json}}}]}}\n\n");
    let call = |index: u32, text: &str| {
        event(
            &serde_json::json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]})
                .to_string(),
        )
    };
    let stream = [
        event(r#"{"content":"Well."}"#),
        call(0, "{\"a\""),
        call(0, ":1}"),
        call(1, "{}"),
        event(r#"{"content":"So."}"#),
    ];
    let said = collected(Endpoint::ChatCompletions, true, stream.iter().map(String::as_bytes));
    assert_eq!(said, text("Well.\n{\"a\":1}\n{}\nSo.", ""));
}
