//! Content codings, reached through an exchange.
//!
//! For every answer and every coding:
//! * compressed with a flush behind each piece, it has the outcome and the progress of the plain
//!   answer, instant for instant, so nothing lags behind;
//! * compressed and cut anywhere, it has the outcome of the plain answer in one go;
//! * the bytes flow on as they are.

#![no_main]

use std::io::Write;
use std::time::Duration;

use flate2::write::{GzEncoder, ZlibEncoder};
use libfuzzer_sys::fuzz_target;
use weir_fuzz::dice::Dice;
use weir_wire::{End, Endpoint, Exchange, Outcome, Policy, Progress, RequestHead, ResponseHead};

const CODINGS: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

fuzz_target!(|body: &[u8]| {
    if body.is_empty() {
        return; // compressed it is something
    }
    let mut dice = Dice::of(body);
    // Now and then more than the meter decodes at a time.
    let large = (dice.below(16) == 0).then(|| body.repeat(1 + (40 << 10) / body.len()));
    let body = large.as_deref().unwrap_or(body);
    let coding = CODINGS[dice.below(CODINGS.len())];
    let kind = ["text/event-stream", "application/json"][dice.below(2)];
    let head = ResponseHead::new(200, Some(kind));
    let coded = ResponseHead { content_encoding: Some(coding), ..head };

    let pieces = if large.is_some() { vec![body] } else { dice.cut(body) };
    let flushed = compress(coding, &pieces);
    let flushed: Vec<_> = flushed.iter().map(Vec::as_slice).collect();
    let step = Duration::from_millis(10);
    assert_eq!(play(&coded, &flushed, step), play(&head, &pieces, step), "{coding}");

    let stream = flushed.concat();
    let cut = dice.cut(&stream);
    let (plain, _) = play(&head, &[body], Duration::ZERO);
    assert_eq!(play(&coded, &cut, Duration::ZERO).0, plain, "{coding}");
});

/// What each piece comes to when it is flushed; the stream's end comes with the last.
fn compress(coding: &str, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let fast = flate2::Compression::fast();
    match coding {
        "gzip" => {
            flushed(GzEncoder::new(Vec::new(), fast), GzEncoder::get_mut, pieces, |encoder| {
                encoder.finish().expect("a Vec takes all")
            })
        }
        "deflate" => {
            flushed(ZlibEncoder::new(Vec::new(), fast), ZlibEncoder::get_mut, pieces, |encoder| {
                encoder.finish().expect("a Vec takes all")
            })
        }
        "br" => flushed(
            brotli::CompressorWriter::new(Vec::new(), 4096, 1, 16),
            brotli::CompressorWriter::get_mut,
            pieces,
            brotli::CompressorWriter::into_inner,
        ),
        _ => flushed(
            zstd::Encoder::new(Vec::new(), 1).expect("a level of zstd"),
            zstd::Encoder::get_mut,
            pieces,
            |encoder| encoder.finish().expect("a Vec takes all"),
        ),
    }
}

fn flushed<W: Write>(
    mut encoder: W,
    written: impl Fn(&mut W) -> &mut Vec<u8>,
    pieces: &[&[u8]],
    finish: impl FnOnce(W) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for piece in pieces {
        encoder.write_all(piece).expect("a Vec takes all");
        encoder.flush().expect("a Vec takes all");
        out.push(std::mem::take(written(&mut encoder)));
    }
    if let Some(last) = out.last_mut() {
        last.extend(finish(encoder));
    }
    out
}

/// Plays an answer, a piece every `step`; the size of the answer is left out.
fn play(head: &ResponseHead<'_>, pieces: &[&[u8]], step: Duration) -> (Outcome, Vec<Progress>) {
    let mut exchange =
        Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), Policy::observe());
    let _ = exchange.on_request_body(br#"{"model":"m","stream":true}"#, true);
    exchange.on_request_sent(Duration::ZERO);
    exchange.on_response_head(head);
    let mut now = Duration::ZERO;
    let mut progress = Vec::new();
    for piece in pieces {
        let forward = exchange.on_response_body(now, piece);
        assert_eq!(forward.bytes(piece), *piece);
        exchange.take_progress(|batch| progress.push(batch.clone()));
        now += step;
    }
    assert!(exchange.on_response_end().is_empty());
    exchange.take_progress(|batch| progress.push(batch.clone()));
    let outcome = exchange.outcome(Duration::MAX, End::Complete);
    (Outcome { response_bytes: 0, ..outcome }, progress)
}
