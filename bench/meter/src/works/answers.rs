//! Answers that come whole.

use std::hint::black_box;
use std::time::Duration;

use weir_wire::{
    Class, End, Endpoint, Exchange, Outcome, Policy, RequestHead, ResponseHead, classify,
};

use super::requests::{PIECE, skip};
use super::{Begun, Work};
use crate::samples::{answers, requests};

const PATH: &str = "/v1/chat/completions";

/// By size, against a parse that keeps nothing; and a small request with its answer, from the path to the
/// outcome.
pub fn all() -> Vec<Work> {
    let mut works = Vec::new();
    for (label, size) in [("1 KiB", 1 << 10), ("64 KiB", 64 << 10)] {
        let skips = format!("answer of {label}: serde_json skips it");
        works.push(
            Work::new(format!("answer of {label}"), 20, move || read(answers::whole(size)))
                .against(skips.clone()),
        );
        works.push(Work::new(skips, 20, move || skip(answers::whole(size))));
    }
    works.push(Work::new("exchange of 1 KiB and 1 KiB", 50, exchange));
    works
}

/// Reads the answer to a request of a few bytes.
fn read(answer: Vec<u8>) -> Begun {
    Begun::new(answer.len(), move || {
        let head = RequestHead::json(Endpoint::ChatCompletions);
        let mut exchange = Exchange::new(&head, Policy::exact());
        let _forward = exchange.on_request_body(br#"{"model":"tiny"}"#, true);
        exchange.on_response_head(&ResponseHead::new(200, Some("application/json")));
        for piece in black_box(&answer).chunks(PIECE) {
            let _forward = black_box(exchange.on_response_body(Duration::from_millis(2), piece));
        }
        black_box(exchange.on_response_end());
    })
}

fn exchange() -> Begun {
    let (request, answer) = (requests::whole(1 << 10), answers::whole(1 << 10));
    Begun::new(request.len() + answer.len(), move || {
        black_box(outcome(black_box(&request), black_box(&answer)));
    })
}

/// What becomes of a request and an answer, with every call that the proxy makes.
pub(super) fn outcome(request: &[u8], answer: &[u8]) -> Outcome {
    let endpoint = match classify(black_box("POST"), black_box(PATH)) {
        Class::Llm(endpoint) => endpoint,
        _ => Endpoint::Other,
    };
    let head = RequestHead { target: PATH, ..RequestHead::json(endpoint) };
    let mut exchange = Exchange::new(&head, Policy::exact());
    let _forward = black_box(exchange.on_request_body(request, true));
    exchange.on_connected(Duration::from_micros(200));
    exchange.on_request_sent(Duration::from_micros(300));
    exchange.on_response_head(&ResponseHead::new(200, Some("application/json")));
    for (name, value) in answers::HEADERS {
        exchange.on_response_header(name, value);
    }
    let now = Duration::from_millis(2);
    let _forward = black_box(exchange.on_response_body(now, answer));
    black_box(exchange.on_response_end());
    exchange.outcome(now, End::Complete)
}
