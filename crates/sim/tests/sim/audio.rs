//! Speech to text and text to speech.

use serde_json::{Value, json};
use weir_sim::{Engine, ErrorShape, Fault, Plan, Recorded, Upstream};

use crate::client::{Answer, DEADLINE, End, post};
use crate::sse::{contents, ends_with_done, events, jsons, usages};

const TRANSCRIBE: &str = "/v1/audio/transcriptions";
const TRANSLATE: &str = "/v1/audio/translations";
const SPEECH: &str = "/v1/audio/speech";

async fn start(engine: Engine, plan: Plan) -> Upstream {
    let models = ["tiny", "gpt-4o-transcribe", "gpt-4o-mini-tts", "whisper-1"];
    Upstream::builder().engine(engine).models(models).plan(plan).start().await.unwrap()
}

/// A form with these fields and a file of 70,000 bytes, which are 3 seconds.
fn form(fields: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str("--b0undary\r\ncontent-disposition: form-data; name=\"");
        body.push_str(&format!("{name}\"\r\n\r\n{value}\r\n"));
    }
    let audio = "x".repeat(70_000);
    body.push_str("--b0undary\r\ncontent-disposition: form-data; name=\"file\"; ");
    body + &format!(
        "filename=\"a.wav\"\r\ncontent-type: audio/wav\r\n\r\n{audio}\r\n--b0undary--\r\n"
    )
}

const HEADER: &str = "content-type: multipart/form-data; boundary=b0undary\r\n";

async fn hear(upstream: &Upstream, path: &str, fields: &[(&str, &str)]) -> Answer {
    post(upstream, path, HEADER, &form(fields)).await
}

async fn seen(upstream: &Upstream) -> Recorded {
    let over = |all: &[Recorded]| all.last().is_some_and(Recorded::finished);
    upstream.wait_for(over, DEADLINE, "it is finished").await.pop().unwrap()
}

#[tokio::test]
async fn vllm_tells_seconds_of_a_transcription() {
    let upstream = start(Engine::vllm("0.32.0"), Plan::tokens(4)).await;
    for format in ["json", "text"] {
        let fields = [("model", "tiny"), ("response_format", format)];
        let answer = hear(&upstream, TRANSCRIBE, &fields).await;
        let usage = json!({"type": "duration", "seconds": 3});
        assert_eq!(answer.json(), json!({"text": "A weir is a", "usage": usage}), "{format}");
        let seen = seen(&upstream).await;
        assert_eq!((seen.usage, seen.audio_seconds), (None, Some(3)), "{format}");
        assert_eq!((seen.input_tokens, seen.output_tokens), (30, 4), "{format}");
        assert_eq!(seen.body_length, form(&fields).len() as u64, "{format}");
    }
    assert_eq!(upstream.totals().audio_seconds, 6);
    let verbose = hear(&upstream, TRANSCRIBE, &[("response_format", "verbose_json")]).await.json();
    assert_eq!((&verbose["duration"], verbose.get("usage")), (&json!(3.0), None));
    let translation = hear(&upstream, TRANSLATE, &[("model", "tiny")]).await;
    assert_eq!(translation.json(), json!({"text": "A weir is a"}));
    assert_eq!(hear(&upstream, TRANSCRIBE, &[("response_format", "srt")]).await.status, 400);
    let older = start(Engine::vllm("0.10.0"), Plan::tokens(4)).await;
    assert_eq!(hear(&older, TRANSCRIBE, &[]).await.json(), json!({"text": "A weir is a"}));
}

#[tokio::test]
async fn vllm_streams_chunks_with_usage_on_demand() {
    let plan = Plan { prompt_tokens: Some(9), ..Plan::tokens(3) };
    let upstream = start(Engine::vllm("0.32.0"), plan).await;
    let more = [
        (TRANSCRIBE, vec![], 0),
        (TRANSCRIBE, vec![("stream_include_usage", "true")], 1),
        (
            TRANSLATE,
            vec![("stream_include_usage", "True"), ("stream_continuous_usage_stats", "1")],
            5,
        ),
    ];
    for (path, more, count) in more {
        let fields = [&[("model", "tiny"), ("stream", "true")][..], &more].concat();
        let answer = hear(&upstream, path, &fields).await;
        assert_eq!(contents(answer.text()).concat(), "A weir is", "{more:?}");
        let usages = usages(answer.text());
        assert_eq!(usages.len(), count, "{more:?}");
        let expected = json!({"prompt_tokens": 9, "total_tokens": 12, "completion_tokens": 3});
        assert!(usages.last().is_none_or(|usage| *usage == expected), "{more:?}");
        assert!(ends_with_done(answer.text()), "{more:?}");
        let first = &jsons(answer.text())[0];
        let object = if path == TRANSLATE { "translation.chunk" } else { "transcription.chunk" };
        assert_eq!(first["object"], object);
        assert_eq!(first["choices"], json!([{"delta": {"content": "A"}}]));
        let seen = seen(&upstream).await;
        assert_eq!(
            (seen.output_tokens, seen.content_events, seen.usage.is_some()),
            (3, 3, count > 0)
        );
    }
    let cut = [("stream", "true"), ("max_completion_tokens", "2")];
    let events = jsons(hear(&upstream, TRANSCRIBE, &cut).await.text());
    assert_eq!(events[1]["choices"][0]["finish_reason"], "length");
}

#[tokio::test]
async fn models_of_openai_answer_as_openai_does() {
    let plan = Plan { prompt_tokens: Some(9), ..Plan::tokens(3) };
    let upstream = start(Engine::litellm("1.106.2"), plan).await;
    let gpt = ("model", "gpt-4o-transcribe");
    let usage = json!({
        "type": "tokens", "input_tokens": 9, "output_tokens": 3, "total_tokens": 12,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 9},
    });
    let whole = hear(&upstream, TRANSCRIBE, &[gpt]).await.json();
    assert_eq!(whole, json!({"text": "A weir is", "usage": usage}));
    assert_eq!(seen(&upstream).await.usage.unwrap().output, 3);
    let streamed = hear(&upstream, TRANSCRIBE, &[gpt, ("stream", "true")]).await;
    let events = jsons(streamed.text());
    assert_eq!(events[0], json!({"type": "transcript.text.delta", "delta": "A"}));
    let done = json!({"type": "transcript.text.done", "text": "A weir is", "usage": usage});
    assert_eq!((events.last(), ends_with_done(streamed.text())), (Some(&done), false));
    assert_eq!(seen(&upstream).await.content_events, 3);
    let whisper = ("model", "whisper-1");
    let text = hear(&upstream, TRANSCRIBE, &[whisper, ("response_format", "text")]).await;
    assert_eq!(
        (text.text(), text.header("content-type")),
        ("A weir is\n", Some("text/plain; charset=utf-8"))
    );
    let unstreamed = hear(&upstream, TRANSCRIBE, &[whisper, ("stream", "true")]).await.json();
    assert_eq!(unstreamed["usage"], json!({"type": "duration", "seconds": 3}));
}

#[tokio::test]
async fn what_is_no_good_form_is_refused() {
    let upstream = start(Engine::vllm("0.32.0"), Plan::default()).await;
    let json = post(&upstream, TRANSCRIBE, "content-type: application/json\r\n", "{}").await;
    assert_eq!(json.json()["detail"], "Missing boundary in multipart.");
    let no_file = "--b0undary\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\ntiny\r\n\
                   --b0undary--\r\n";
    let no_file = post(&upstream, TRANSCRIBE, HEADER, no_file).await;
    assert!(no_file.status == 400 && no_file.text().contains("file"), "{}", no_file.text());
    let unknown = hear(&upstream, TRANSCRIBE, &[("model", "nosuch")]).await;
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (404, &json!(404)));
}

#[tokio::test]
async fn seconds_are_what_the_plan_says() {
    let upstream = start(Engine::vllm("0.32.0"), Plan::default()).await;
    let header = format!("{HEADER}x-sim: seconds=12,tokens=1\r\n");
    let answer = post(&upstream, TRANSCRIBE, &header, &form(&[])).await.json();
    assert_eq!(answer["usage"]["seconds"], 12);
}

const SAY: &str = r#"{"model":"tiny","input":"Hello","voice":"alloy","response_format":"wav"}"#;

#[tokio::test]
async fn speech_is_bare_audio_in_pieces() {
    let upstream =
        start(Engine::vllm("0.32.0"), Plan { comment_every: Some(1), ..Plan::tokens(3) }).await;
    let answer = post(&upstream, SPEECH, "", SAY).await;
    assert_eq!(answer.header("content-type"), Some("audio/wav"));
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    let expected = ["A".repeat(32), " weir".repeat(32), " is".repeat(32)].concat();
    assert_eq!((answer.text(), answer.end), (expected.as_str(), End::Complete));
    let seen = seen(&upstream).await;
    assert_eq!((seen.output_tokens, seen.content_events, seen.usage), (3, 3, None));
}

#[tokio::test]
async fn speech_as_events_ends_with_usage() {
    let plan = Plan { prompt_tokens: Some(9), ..Plan::tokens(2) };
    let upstream = start(Engine::vllm("0.32.0"), plan).await;
    for (model, name) in [("tiny", Some("speech.audio.delta")), ("gpt-4o-mini-tts", None)] {
        let body = format!(r#"{{"model":"{model}","input":"Hi","stream_format":"sse"}}"#);
        let answer = post(&upstream, SPEECH, "", &body).await;
        assert_eq!(events(answer.text())[0].name.as_deref(), name, "{model}");
        let events = jsons(answer.text());
        assert_eq!(events[0]["type"], "speech.audio.delta", "{model}");
        assert!(events[0]["audio"].as_str().unwrap().starts_with("QUFB"), "{model}");
        let usage = json!({"input_tokens": 9, "output_tokens": 2, "total_tokens": 11});
        let done = json!({"type": "speech.audio.done", "usage": usage});
        assert_eq!(events.last(), Some(&done), "{model}");
        let seen = seen(&upstream).await;
        assert_eq!((seen.content_events, seen.usage.unwrap().output), (2, 2), "{model}");
    }
}

#[tokio::test]
async fn speech_breaks_off_as_streams_do() {
    for (fault, end) in [
        ("reset_mid_event:1", End::Reset),
        ("close_mid_stream:1", End::Closed),
        ("in_band_error:1", End::Closed),
        ("end_without_finish:1", End::Complete),
    ] {
        let upstream = start(Engine::vllm("0.32.0"), Plan::tokens(3)).await;
        let answer = post(&upstream, SPEECH, &format!("x-sim: fault={fault}\r\n"), SAY).await;
        assert_eq!(answer.end, end, "{fault}");
        let audio = answer.text().trim_start_matches("A");
        assert_eq!(audio.is_empty(), end != End::Reset, "{fault}: {audio}");
    }
    let shape = ErrorShape::Nested;
    let fault = Fault::InBandError { after_events: 1, shape, then_done: false };
    let upstream = start(Engine::vllm("0.32.0"), Plan::fault(fault)).await;
    let events = r#"{"model":"tiny","input":"Hi","stream_format":"sse"}"#;
    let last: Value = jsons(post(&upstream, SPEECH, "", events).await.text()).pop().unwrap();
    assert_eq!(
        (&last["type"], &last["error"]["code"]),
        (&json!("speech.audio.error"), &json!(500))
    );
}
