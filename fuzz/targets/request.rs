//! The peek at a request's body against a full parse of it, and what is sent in its place.
//!
//! For every body, however it is cut:
//! * the facts and the bytes that are sent are the same as in one go;
//! * the bytes are the client's, but for the question for usage, which stands before the last brace.
//!
//! * `stream`, `stream_options`, `echo` and the `max_tokens` are what stands there, and usage is asked
//!   for, by a reading byte by byte of whatever the body is;
//!
//! For every body that is a JSON object to `serde_json`:
//! * `model`, `stream`, `stream_options`, `n`, `echo` and the `max_tokens` are what the parser says;
//! * usage is asked for exactly where `stream` is `true` and `stream_options` is not there, and what
//!   is sent then is a JSON object with the same members and `stream_options` behind them.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use weir_fuzz::dice::Dice;
use weir_fuzz::members_by_byte;
use weir_fuzz::passed::Passed;
use weir_wire::{Addition, Degraded, End, Endpoint, Exchange, Limits, Policy, RequestHead};

const OPTIONS: &str = r#"{"include_usage":true}"#;

/// More bytes of a name's JSON are not read.
const MODEL_RAW: usize = 8 << 10;

/// White space behind the object that may wait for the end of the body.
const TAIL: usize = 4 << 10;

/// Members in the order of their names; of a repeated one the last.
type Object<'a> = BTreeMap<String, &'a RawValue>;

fuzz_target!(|body: &[u8]| {
    let mut dice = Dice::of(body);
    let endpoint = match dice.below(4) {
        0 => Endpoint::ALL[dice.below(Endpoint::ALL.len())],
        _ => Endpoint::ChatCompletions,
    };
    let (sent, exchange) = send(endpoint, &[body]);
    for pieces in [dice.cut(body), dice.cut(body)] {
        let (cut_sent, cut) = send(endpoint, &pieces);
        assert_eq!(cut.request(), exchange.request(), "cut in {pieces:?}");
        assert!(cut_sent == sent, "cut in {pieces:?}");
    }
    let passed = Passed { given: body.to_vec(), got: sent, torn: false };
    if exchange.asked_for_usage() {
        passed.assert_asked();
    } else {
        passed.assert_same();
    }
    assert_by_byte(endpoint, body, &exchange);
    if let Ok(object) = serde_json::from_slice(body) {
        assert_read(&exchange, &object);
        assert_asked(endpoint, &passed, &exchange, object);
    }
});

/// What is sent of a body that is given in pieces, the last of them empty.
fn send(endpoint: Endpoint, pieces: &[&[u8]]) -> (Vec<u8>, Exchange) {
    let mut exchange = Exchange::new(&RequestHead::json(endpoint), Policy::exact());
    let mut sent = Vec::new();
    for piece in pieces {
        sent.extend_from_slice(&exchange.on_request_body(piece, false).bytes(piece));
    }
    sent.extend_from_slice(&exchange.on_request_body(&[], true).bytes(&[]));
    let body = pieces.concat();
    let put_together = match exchange.addition() {
        Some(Addition { at, bytes }) => [&body[..at], bytes, &body[at..]].concat(),
        None => body,
    };
    assert!(put_together == sent, "who has all of it sends something else");
    (sent, exchange)
}

/// The body may be anything.
fn assert_by_byte(endpoint: Endpoint, body: &[u8], exchange: &Exchange) {
    let (members, is_whole) = members_by_byte(body);
    // Of a repeated name the last counts, and those that are too long are no words or numbers.
    let last = |name: &str| {
        let of_name = members.iter().rfind(|(key, _)| unescaped(key) == name.as_bytes());
        of_name.map(|(_, value)| value.as_slice())
    };
    let number = |name| {
        let digits = last(name).filter(|digits| digits.len() <= 32)?;
        serde_json::from_slice::<u64>(digits).ok()
    };
    let facts = exchange.request().expect("facts of a body that has ended");
    assert_eq!(facts.stream, last("stream") == Some(b"true"));
    assert_eq!(facts.echo, last("echo") == Some(b"true"));
    assert_eq!(facts.has_stream_options, last("stream_options").is_some());
    let tokens = ["max_completion_tokens", "max_output_tokens", "max_tokens"];
    assert_eq!(facts.parameters.max_tokens, tokens.into_iter().find_map(number));

    let wants = facts.stream && !facts.has_stream_options && endpoint.has_stream_options();
    let fits = body.len() - body.trim_ascii_end().len() < TAIL;
    assert_eq!(exchange.asked_for_usage(), wants && is_whole && fits);
    let outcome = exchange.outcome(Default::default(), End::ClientClosed);
    let is_broken = !is_whole && !body.is_empty() && endpoint != Endpoint::Other;
    assert_eq!(outcome.degraded, is_broken.then_some(Degraded::InvalidJson));
}

fn unescaped(key: &[u8]) -> Vec<u8> {
    if !key.contains(&b'\\') {
        return key.to_vec();
    }
    let quoted = [b"\"", key, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).unwrap_or_default().into_bytes()
}

fn assert_read(exchange: &Exchange, object: &Object<'_>) {
    let facts = exchange.request().expect("facts of a body that has ended");
    let number = |name: &str| object.get(name)?.get().parse::<u64>().ok();
    assert_eq!(facts.model, model(object));
    assert_eq!(facts.stream, is_true(object, "stream"));
    assert_eq!(facts.has_stream_options, object.contains_key("stream_options"));
    assert_eq!(facts.parameters.choices, number("n"));
    assert_eq!(facts.echo, is_true(object, "echo"));
    let tokens = ["max_completion_tokens", "max_output_tokens", "max_tokens"];
    assert_eq!(facts.parameters.max_tokens, tokens.into_iter().find_map(number));
}

fn assert_asked(
    endpoint: Endpoint,
    Passed { given: body, got: sent, .. }: &Passed,
    exchange: &Exchange,
    mut object: Object<'_>,
) {
    let wants = is_true(&object, "stream") && !object.contains_key("stream_options");
    let tail = body.len() - body.trim_ascii_end().len();
    let fits = tail < TAIL;
    let asked = exchange.asked_for_usage();
    assert_eq!(asked, wants && fits && endpoint.has_stream_options());
    if asked {
        let options = serde_json::from_str(OPTIONS).expect("the question is JSON");
        object.insert("stream_options".to_owned(), options);
        let sent: Object<'_> = serde_json::from_slice(sent).expect("what is sent is JSON");
        let plain = |object: Object<'_>| -> Vec<(String, String)> {
            object.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect()
        };
        assert_eq!(plain(sent), plain(object));
    }
}

fn is_true(object: &Object<'_>, name: &str) -> bool {
    object.get(name).is_some_and(|value| value.get() == "true")
}

/// The name; one that is too long is cut and marked.
fn model(object: &Object<'_>) -> Option<String> {
    let limit = Limits::default().model_bytes;
    let raw = object.get("model")?.get();
    if raw.len() > MODEL_RAW {
        return Some("…".repeat(limit / 3 + 1));
    }
    let mut name: String = serde_json::from_str(raw).ok()?;
    if name.len() > limit {
        name.truncate(name.floor_char_boundary(limit));
        name.push('…');
    }
    Some(name).filter(|name| !name.is_empty())
}
