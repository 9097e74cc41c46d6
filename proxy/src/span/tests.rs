//! Spans of requests with known times.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use weir_wire::{End, Exchange, Policy, RequestHead, ResponseHead};

use super::*;
use crate::trace_context::{SpanId, TraceContext, TraceId};

const TRACE: TraceContext = TraceContext {
    trace: TraceId(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736),
    span: SpanId(7),
    parent: Some(SpanId(9)),
    is_sampled: true,
};

fn began() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn ended(outcome: &Outcome) -> Ended<'_> {
    Ended {
        outcome,
        trace: &TRACE,
        route: "llama",
        hop: Hop::Engine,
        model: "tiny",
        request_id: None,
        upstream: Some("http://[::1]:8000"),
        client: None,
        cost: None,
        attempts: 1,
        began: began(),
    }
}

/// A streamed answer: connected in 3 ms, handed on after 10, first byte after 30, tokens after 40 and 60, ended after
/// 70.
fn streamed() -> Outcome {
    let body = br#"{"model":"tiny","stream":true,"stream_options":{"include_usage":true},
        "max_tokens":64,"temperature":0.7,"top_p":1,"top_k":40,"seed":-1,"n":1,
        "frequency_penalty":-0.5,"presence_penalty":"secret","stop":"secret"}"#;
    let head = RequestHead::json(Endpoint::ChatCompletions);
    let mut exchange = Exchange::new(&head, Policy::default());
    let _sent = exchange.on_request_body(body, true);
    exchange.on_connected(ms(3));
    exchange.on_request_sent(ms(10));
    let head = ResponseHead::new(200, Some("text/event-stream"));
    exchange.on_response_head(&head);
    let mut event = |at, json: &str| {
        let _passed = exchange.on_response_body(ms(at), format!("data: {json}\n\n").as_bytes());
    };
    event(
        30,
        r#"{"id":"chatcmpl-1","model":"tiny\u0007-2","choices":[{"index":0,"delta":{"role":"assistant"}}]}"#,
    );
    event(40, r#"{"choices":[{"index":0,"delta":{"content":"secret"}}]}"#);
    event(60, r#"{"choices":[{"index":0,"delta":{"content":"s"},"finish_reason":"stop"}]}"#);
    let usage =
        r#"{"prompt_tokens":11,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4}}"#;
    event(65, &format!(r#"{{"choices":[],"usage":{usage}}}"#));
    event(66, "[DONE]");
    exchange.outcome(ms(70), End::Complete)
}

fn value<'a>(span: &'a Span, name: &str) -> Option<&'a Value> {
    let mut named = span.attributes.iter().filter(|(key, _)| *key == name);
    let value = named.next().map(|(_, value)| value);
    assert!(named.next().is_none(), "{name} is there twice");
    value
}

#[test]
fn a_streamed_answer_has_its_place_and_its_times() {
    let outcome = streamed();
    let span = of(&ended(&outcome), Semconv::Both);
    assert_eq!((span.trace, span.id, span.parent), (TRACE.trace.0, 7, Some(9)));
    assert_eq!(span.name, "chat tiny");
    assert_eq!((span.start, span.end), (began(), began() + ms(70)));
    let events: Vec<_> = span.events.iter().map(|event| (event.name, event.at)).collect();
    let at = |n| began() + ms(n);
    let expected =
        [("sent", at(10)), ("first_byte", at(30)), ("first_token", at(40)), ("finish", at(70))];
    assert_eq!(events, expected);
    assert!(!span.is_error);
    for (name, expected) in [
        ("gen_ai.operation.name", Value::Word("chat")),
        ("gen_ai.system", Value::Word("vllm")),
        ("gen_ai.provider.name", Value::Word("vllm")),
        ("gen_ai.request.model", Value::Text("tiny".into())),
        ("gen_ai.request.stream", Value::Flag(true)),
        ("gen_ai.request.max_tokens", Value::Integer(64)),
        ("gen_ai.request.temperature", Value::Float(0.7)),
        ("gen_ai.request.top_p", Value::Float(1.0)),
        ("gen_ai.request.top_k", Value::Float(40.0)),
        ("gen_ai.request.seed", Value::Integer(-1)),
        ("gen_ai.request.choice.count", Value::Integer(1)),
        ("gen_ai.request.frequency_penalty", Value::Float(-0.5)),
        ("gen_ai.response.model", Value::Text("tiny-2".into())),
        ("gen_ai.response.id", Value::Text("chatcmpl-1".into())),
        ("gen_ai.response.finish_reasons", Value::Texts(vec!["stop".into()])),
        ("gen_ai.response.time_to_first_chunk", Value::Float(0.03)),
        ("gen_ai.usage.input_tokens", Value::Integer(11)),
        ("gen_ai.usage.output_tokens", Value::Integer(3)),
        ("gen_ai.usage.cache_read.input_tokens", Value::Integer(4)),
        ("server.address", Value::Text("::1".into())),
        ("server.port", Value::Integer(8000)),
        ("http.response.status_code", Value::Integer(200)),
        ("weir.hop", Value::Word("engine")),
        ("weir.route", Value::Text("llama".into())),
        ("weir.outcome", Value::Word("success")),
        ("weir.connect", Value::Float(0.003)),
        ("weir.time_per_output_token", Value::Float(0.01)),
    ] {
        assert_eq!(value(&span, name), Some(&expected), "{name}");
    }
    let unset = ["error.type", "weir.client", "weir.cost.usd", "weir.client_stall"];
    for absent in unset.into_iter().chain(["gen_ai.request.presence_penalty"]) {
        assert_eq!(value(&span, absent), None, "{absent}");
    }
    assert!(!format!("{span:?}").contains("secret"));
}

#[test]
fn a_switch_chooses_between_the_conventions() {
    let outcome = streamed();
    let names = |semconv| -> Vec<_> {
        of(&ended(&outcome), semconv).attributes.into_iter().map(|(name, _)| name).collect()
    };
    let (old, new) = (names(Semconv::Old), names(Semconv::New));
    assert!(old.contains(&"gen_ai.system") && !old.contains(&"gen_ai.provider.name"));
    assert!(!new.contains(&"gen_ai.system") && new.contains(&"gen_ai.provider.name"));
    let both = names(Semconv::Both);
    assert!(old.iter().chain(&new).all(|name| both.contains(name)));
    assert_eq!(both.len(), new.len() + 1);
}

#[test]
fn failures_say_which_and_clients_that_leave_are_none() {
    let cases = OutcomeKind::ALL.map(|kind| {
        let outcome = Outcome { kind, ..streamed() };
        let span = of(&ended(&outcome), Semconv::Both);
        assert_eq!(value(&span, "weir.outcome"), Some(&Value::Word(kind.as_str())));
        let error = value(&span, "error.type").cloned();
        assert_eq!(error, span.is_error.then_some(Value::Word(kind.as_str())));
        span.is_error
    });
    let failed = cases.into_iter().filter(|is_error| *is_error).count();
    assert_eq!(failed, OutcomeKind::ALL.len() - 4, "all but two successes and two that left");
}

#[test]
fn unknown_is_absent_and_an_estimate_says_that_it_is_one() {
    let mut outcome = streamed();
    outcome.tokens = TokenCounts {
        output: Some(Tokens { count: 2, source: Source::Estimated }),
        ..TokenCounts::default()
    };
    outcome.overhead = None;
    outcome.model = None;
    let ended = Ended { upstream: None, model: "unknown", ..ended(&outcome) };
    let span = of(&ended, Semconv::Both);
    assert_eq!(span.name, "chat unknown");
    assert_eq!(value(&span, "weir.usage.estimated_output_tokens"), Some(&Value::Integer(2)));
    for absent in [
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.request.model",
        "server.address",
        "server.port",
    ] {
        assert_eq!(value(&span, absent), None, "{absent}");
    }
    let events: Vec<_> = span.events.iter().map(|event| event.name).collect();
    assert_eq!(events, ["finish"], "nobody knows when it was handed on");
}

#[test]
fn what_others_say_is_short_and_plain() {
    let hostile = format!("a\n\u{1b}[2J\0{}", "ä".repeat(1000));
    let outcome = Outcome { model: Some(hostile), ..streamed() };
    let span = of(&Ended { model: "other", ..ended(&outcome) }, Semconv::Both);
    assert_eq!(span.name, "chat other");
    let Some(Value::Text(model)) = value(&span, "gen_ai.request.model") else { panic!() };
    assert!(model.len() <= LONGEST && model.starts_with("a[2Jä"), "{model}");
}

#[test]
fn a_name_that_earned_nothing_is_told_to_nobody() {
    let model = |named: &str, label, http_status| {
        let outcome = Outcome { model: Some(named.to_owned()), http_status, ..streamed() };
        let span = of(&Ended { model: label, ..ended(&outcome) }, Semconv::Both);
        value(&span, "gen_ai.request.model").cloned()
    };
    assert_eq!(model("sk-1", "other", Some(404)), None);
    assert_eq!(model("sk-1", "other", None), None);
    assert_eq!(model("rare", "other", Some(200)), Some(Value::Text("rare".into())));
    assert_eq!(model("tiny", "tiny", Some(500)), Some(Value::Text("tiny".into())));
}

#[test]
fn providers_are_told_by_their_hosts() {
    assert_eq!(provider(Some("api.openai.com"), Hop::Engine), "openai");
    assert_eq!(provider(Some("10.0.0.1"), Hop::Edge), "litellm");
    assert_eq!(provider(None, Hop::Engine), "vllm");
    let outcome = streamed();
    let ended = Ended { upstream: Some("https://api.anthropic.com"), ..ended(&outcome) };
    let span = of(&ended, Semconv::New);
    assert_eq!(value(&span, "gen_ai.provider.name"), Some(&Value::Word("anthropic")));
    assert_eq!(value(&span, "server.port"), Some(&Value::Integer(443)));
}
