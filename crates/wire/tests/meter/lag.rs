//! Held bytes stay below the limits, however long an event or a body is: seen from outside, what
//! was handed back is never further behind what was given.

use std::time::Duration;

use proptest::prelude::*;
use weir_wire::{Endpoint, Exchange, Limits, Policy, RequestHead, ResponseHead};

const LIMITS: Limits = Limits {
    model_bytes: 64,
    event_bytes: 8 << 10,
    hold_bytes: 1 << 10,
    decoded_bytes: 1 << 20,
    decoded_request_bytes: 1 << 20,
};

/// A closing brace and the white space behind it, which wait for the end of the request.
const REQUEST_TAIL: usize = 4 << 10;

/// A stream whose usage Weir asked for, so that events are held.
fn exact_stream() -> Exchange {
    let policy = Policy { limits: LIMITS, ..Policy::exact() };
    let mut exchange = Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), policy);
    let _ = exchange.on_request_body(br#"{"model":"m","stream":true}"#, true);
    assert!(exchange.asked_for_usage());
    exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
    exchange
}

/// Gives pieces until `total` bytes are through; returns all that came out.
fn feed(exchange: &mut Exchange, begin: &[u8], repeat: &[u8], total: usize) -> Vec<u8> {
    let mut given = begin.to_vec();
    let mut got = exchange.on_response_body(Duration::ZERO, begin).bytes(begin).to_vec();
    while given.len() < total {
        given.extend_from_slice(repeat);
        got.extend_from_slice(&exchange.on_response_body(Duration::ZERO, repeat).bytes(repeat));
        let behind = given.len() - got.len();
        assert!(behind <= LIMITS.hold_bytes, "{behind} bytes held of {}", given.len());
    }
    got.extend(exchange.on_response_end());
    assert_eq!(given, got);
    got
}

#[test]
fn an_event_that_never_ends_is_passed_on() {
    for begin in ["", "data: ", "data: {\"usage\":{\"completion_tokens\":1}", ": ", "event: x\r\n"]
    {
        for repeat in [&b"x"[..], b"data: x\n", b"0123456789abcdef\r", b"\"}]"] {
            feed(&mut exact_stream(), begin.as_bytes(), repeat, 40_000);
        }
    }
}

#[test]
fn events_without_end_are_passed_on() {
    let event = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    for size in [1, 5, 60, 1_000] {
        let stream = event.repeat(20);
        let mut exchange = exact_stream();
        let mut given = 0;
        let mut got = 0;
        for piece in stream.chunks(size) {
            given += piece.len();
            got += exchange.on_response_body(Duration::ZERO, piece).bytes(piece).len();
            assert!(given - got < event.len(), "only the event at hand is held");
        }
        assert_eq!(given, got, "between two events nothing is held");
    }
}

/// Gives a request in pieces; asserts that it is never far behind, and that it comes out whole.
fn feed_request(begin: &[u8], repeat: &[u8], total: usize) {
    let policy = Policy { limits: LIMITS, ..Policy::exact() };
    let mut exchange = Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), policy);
    let mut given = begin.to_vec();
    let mut got = exchange.on_request_body(begin, false).bytes(begin).to_vec();
    while given.len() < total {
        given.extend_from_slice(repeat);
        got.extend_from_slice(&exchange.on_request_body(repeat, false).bytes(repeat));
        let behind = given.len() - got.len();
        assert!(behind <= REQUEST_TAIL, "{behind} bytes held of {}", given.len());
    }
    let end = exchange.on_request_body(&[], true);
    got.extend_from_slice(&end.bytes(&[]));
    assert_eq!(given, got);
    assert!(!exchange.asked_for_usage());
}

#[test]
fn a_request_that_never_ends_is_passed_on() {
    for begin in [
        "",
        "{",
        "{\"model\":\"",
        "{\"stream\":true,\"messages\":[",
        "{\"stream\":true,\"model\":[",
        "{\"stream\":true}",
        "{\"stream\":true}x",
    ] {
        for repeat in [&b" "[..], b"\r\n", b"x", b"\"model\":\"m\",", b"[[{{", b"\\\"", b"}"] {
            feed_request(begin.as_bytes(), repeat, 40_000);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_repeats_is_passed_on(
        begin in "(data|event|: ?|\"|\\{|[a-z]|\r|\n){0,6}",
        repeat in "(data:|x|: |\"|\\{|\r|\n){1,6}",
    ) {
        let mut exchange = exact_stream();
        feed(&mut exchange, begin.as_bytes(), repeat.as_bytes(), 6_000);
    }
}
