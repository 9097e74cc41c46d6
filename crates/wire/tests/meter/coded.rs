//! A compressed stream is measured as it comes, its bytes as they are.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use weir_wire::{End, Endpoint, Exchange, Forward, OutcomeKind, Policy, RequestHead, ResponseHead};

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
