//! Requests as they pass by: their facts are read, and usage is asked for.

use std::hint::black_box;

use serde::de::IgnoredAny;
use weir_wire::{Endpoint, Exchange, Policy, RequestHead};

use super::{Begun, Work};
use crate::samples::requests;

/// Bodies come in pieces of no more than this, and those of requests that are no larger come as a whole.
pub(super) const PIECE: usize = 64 << 10;

/// By the size of their body, against a parse that keeps nothing; and by what else stands in them.
pub fn all() -> Vec<Work> {
    let sizes =
        [("1 KiB", 1 << 10), ("16 KiB", 16 << 10), ("256 KiB", 256 << 10), ("2 MiB", 2 << 20)];
    let mut works = Vec::new();
    for (label, size) in sizes {
        let skips = format!("request of {label}: serde_json skips it");
        // What takes millions of instructions needs to be seen but once or twice.
        let repetitions = (40_000 / size).clamp(2, 40);
        works.push(
            Work::new(format!("request of {label}"), repetitions, move || {
                peek(requests::streamed(size))
            })
            .against(skips.clone()),
        );
        works.push(Work::new(skips, repetitions, move || skip(requests::streamed(size))));
    }
    for (label, body) in requests::others() {
        works.push(Work::new(format!("request of {label}"), 2, move || peek(body())));
    }
    works
}

/// Reads a body whose answer is streamed, so that usage is asked for.
fn peek(body: Vec<u8>) -> Begun {
    Begun::new(body.len(), move || {
        let mut exchange =
            Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), Policy::exact());
        let is_small = body.len() <= PIECE;
        for piece in black_box(&body).chunks(PIECE) {
            let _forward = black_box(exchange.on_request_body(piece, is_small));
        }
        if !is_small {
            let _forward = black_box(exchange.on_request_body(&[], true));
        }
    })
}

/// Parses JSON as a whole, and keeps nothing of it.
pub(super) fn skip(json: Vec<u8>) -> Begun {
    Begun::new(json.len(), move || {
        let parsed: IgnoredAny = serde_json::from_slice(black_box(&json)).unwrap_or_default();
        black_box(parsed);
    })
}
