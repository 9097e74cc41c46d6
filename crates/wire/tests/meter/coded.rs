//! A compressed stream is measured as it comes, its bytes as they are.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use weir_wire::{
    Degraded, End, Endpoint, Exchange, Forward, OutcomeKind, Policy, RequestHead, ResponseHead,
};

/// The pieces of a gzip stream that is flushed after every event, as `nginx` and LiteLLM do it.
fn flushed(events: &[&str]) -> Vec<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut pieces: Vec<_> = events
        .iter()
        .map(|event| {
            encoder.write_all(event.as_bytes()).unwrap();
            encoder.flush().unwrap();
            std::mem::take(encoder.get_mut())
        })
        .collect();
    pieces.push(encoder.finish().unwrap());
    pieces
}

#[test]
fn every_flushed_event_has_its_own_instant() {
    let at = Duration::from_millis;
    let mut exchange =
        Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), Policy::exact());
    let _ = exchange.on_request_body(br#"{"model":"m","stream":true}"#, true);
    exchange.on_request_sent(at(0));
    exchange.on_response_head(&ResponseHead {
        status: 200,
        content_type: Some("text/event-stream"),
        content_encoding: Some("gzip"),
    });
    let events = [
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":2}}\n\n",
        "data: [DONE]\n\n",
    ];
    let mut gaps = Vec::new();
    for (index, piece) in (1_u64..).zip(flushed(&events)) {
        assert_eq!(exchange.on_response_body(at(index * 20), &piece), Forward::Unchanged);
        exchange.take_progress(|progress| gaps.extend_from_slice(&progress.gaps));
    }
    assert!(exchange.on_response_end().is_empty(), "nothing is held of a compressed stream");
    let outcome = exchange.outcome(at(130), End::Complete);
    assert_eq!((outcome.kind, outcome.degraded), (OutcomeKind::Success, None));
    assert_eq!(outcome.time_to_first_token, Some(at(40)));
    assert_eq!(gaps, [at(20)]);
    assert_eq!(outcome.tokens.output.map(|tokens| tokens.count), Some(2));
}

/// What came of a request whose body says it is compressed so.
fn request(coding: &str, body: &[u8]) -> Exchange {
    let head = RequestHead {
        content_encoding: Some(coding),
        ..RequestHead::json(Endpoint::ChatCompletions)
    };
    let mut exchange = Exchange::new(&head, Policy::exact());
    assert_eq!(exchange.on_request_body(body, true), Forward::Unchanged);
    exchange
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_few_bytes_that_mean_many_are_not_read() {
    let bomb = format!(r#"{{"model":"m","x":"{}"}}"#, "a".repeat(4 << 20));
    let exchange = request("gzip", &gzip(bomb.as_bytes()));
    let outcome = exchange.outcome(Duration::ZERO, End::ConnectFailed);
    assert_eq!(outcome.degraded, Some(Degraded::Encoded));
    let small = format!(r#"{{"model":"m","x":"{}"}}"#, "a".repeat(100 << 10));
    assert_eq!(request("gzip", &gzip(small.as_bytes())).model(), Some("m"));
}

#[test]
fn names_of_codings_are_in_any_case_and_identity_is_none() {
    let body = br#"{"model":"m"}"#;
    for none in ["Identity", "identity, identity", "identity,", ""] {
        assert_eq!(request(none, body).model(), Some("m"), "{none}");
    }
    for coding in ["GZip", "x-gzip", "identity, gzip"] {
        assert_eq!(request(coding, &gzip(body)).model(), Some("m"), "{coding}");
    }
    // Its window can take 16 MiB of a stranger's choice.
    let outcome = request("br", body).outcome(Duration::ZERO, End::ConnectFailed);
    assert_eq!(outcome.degraded, Some(Degraded::Encoded));
}
