//! What the meter costs, as ratios within one run: an event against only cutting the stream into
//! events, a request's peek against a full parse of its body. Machines differ; ratios hold.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use weir_wire::sse::Decoder;
use weir_wire::{Endpoint, Exchange, Policy, RequestHead, ResponseHead};

mod samples;

const EVENTS: usize = 512;
const ROUNDS: usize = 15;

fn main() {
    let mut report = String::from("| work | ns | against | ratio |\n|---|---|---|---|\n");
    for (name, endpoint, event) in samples::events() {
        let stream = event.repeat(EVENTS);
        let (cut, read) = paired(|| decode_only(&stream), || whole(endpoint, &stream, event.len()));
        row(
            &mut report,
            &format!("event of {name}"),
            read / EVENTS as u32,
            "cutting only",
            cut / EVENTS as u32,
        );
    }
    for size in [1 << 10, 16 << 10, 256 << 10, 2 << 20] {
        let body = samples::request(size);
        let (parse, peek) = paired(
            || {
                let parsed: serde::de::IgnoredAny =
                    serde_json::from_slice(&body).unwrap_or_default();
                black_box(parsed);
            },
            || {
                let head = RequestHead::json(Endpoint::ChatCompletions);
                let mut exchange = Exchange::new(&head, Policy::exact());
                for piece in body.chunks(64 << 10) {
                    let _forward = black_box(exchange.on_request_body(piece, false));
                }
                let _forward = black_box(exchange.on_request_body(&[], true));
            },
        );
        row(
            &mut report,
            &format!("peek of {} KiB", size >> 10),
            peek,
            "serde_json, all of it skipped",
            parse,
        );
    }
    #[expect(clippy::print_stdout, reason = "the report is what a benchmark is for")]
    {
        println!("{report}");
    }
}

fn decode_only(stream: &[u8]) {
    let mut decoder = Decoder::new(4 << 20);
    decoder.push(stream, |_, frame| {
        black_box(frame);
    });
}

/// As it comes from a socket: one event a piece.
fn whole(endpoint: Endpoint, stream: &[u8], event: usize) {
    let mut exchange = Exchange::new(&RequestHead::json(endpoint), Policy::observe());
    exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
    for (index, piece) in stream.chunks(event).enumerate() {
        let now = Duration::from_millis(index as u64);
        let _forward = black_box(exchange.on_response_body(now, piece));
        exchange.take_progress(|batch| {
            black_box(batch);
        });
    }
}

/// Medians of both, measured in turn.
fn paired(first: impl Fn(), second: impl Fn()) -> (Duration, Duration) {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        times[0].push(time(&first));
        times[1].push(time(&second));
    }
    times.iter_mut().for_each(|times| times.sort());
    (times[0][ROUNDS / 2], times[1][ROUNDS / 2])
}

fn time(work: &impl Fn()) -> Duration {
    let started = Instant::now();
    let mut times = 0;
    while started.elapsed() < Duration::from_millis(5) {
        work();
        times += 1;
    }
    started.elapsed() / times
}

fn row(report: &mut String, work: &str, took: Duration, against: &str, base: Duration) {
    let ratio = took.as_secs_f64() / base.as_secs_f64();
    // Writing to a String does not fail.
    let _infallible = writeln!(
        report,
        "| {work} | {} | {against} ({} ns) | {ratio:.2} |",
        took.as_nanos(),
        base.as_nanos()
    );
}
