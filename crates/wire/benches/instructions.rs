//! How many instructions the meter takes, counted by callgrind: figures that neither the machine's
//! load nor its speed moves. `make count` prints them.
//!
//! This program runs itself under valgrind, for each piece of work once with N repetitions and once
//! with 2 N, and prints the difference over N, so that starting up costs nothing. The figures are
//! those of one compiler, one C library and one kind of processor (`memcpy` and `memchr` are picked
//! by what it can do); there, they are the same every time.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;
use std::{io, process};

use weir_wire::{Endpoint, Exchange, Policy, RequestHead, ResponseHead};

mod callgrind;
mod samples;

/// One repetition of which can be counted.
struct Work {
    name: String,
    /// What one repetition is.
    unit: &'static str,
    /// Bytes that one repetition reads.
    bytes: usize,
    repetitions: usize,
    run: Box<dyn Fn(usize)>,
}

fn main() -> io::Result<()> {
    if let Some((name, repetitions)) = callgrind::asked() {
        let work = works().into_iter().find(|work| work.name == name);
        let Some(work) = work else { process::exit(2) };
        (work.run)(repetitions);
        return Ok(());
    }
    let mut report = String::from("| work | instructions | per byte |\n|---|---|---|\n");
    for work in works() {
        let each = callgrind::each(&work.name, work.repetitions)?;
        let per_byte = each / work.bytes as f64;
        // Writing to a String does not fail.
        let _infallible =
            writeln!(report, "| {}, {} | {each:.0} | {per_byte:.2} |", work.name, work.unit);
    }
    #[expect(clippy::print_stdout, reason = "the report is what a benchmark is for")]
    {
        println!("{report}");
    }
    Ok(())
}

fn works() -> Vec<Work> {
    let mut works = Vec::new();
    for (name, endpoint, event) in samples::events() {
        works.push(stream(name.to_owned(), endpoint, event, Policy::observe()));
        if endpoint == Endpoint::ChatCompletions {
            let name = format!("{name} whose usage is taken out");
            works.push(stream(name, endpoint, event, Policy::exact()));
        }
    }
    works.push(session());
    works.extend([1 << 10, 64 << 10, 1 << 20].map(peek));
    works
}

/// Events of a stream, each read alone, as from a socket.
fn stream(name: String, endpoint: Endpoint, event: &'static [u8], policy: Policy) -> Work {
    let run = move |events| {
        let mut exchange = Exchange::new(&RequestHead::json(endpoint), policy);
        let _forward = exchange.on_request_body(br#"{"model":"tiny","stream":true}"#, true);
        exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
        for index in 0..events {
            let now = Duration::from_millis(index as u64);
            let _forward = black_box(exchange.on_response_body(now, black_box(event)));
            exchange.take_progress(|batch| {
                black_box(batch);
            });
        }
    };
    Work { name, unit: "an event", bytes: event.len(), repetitions: 1_000, run: Box::new(run) }
}

/// Messages of a realtime session, each read alone.
fn session() -> Work {
    const TEXT: &[u8] = br#"{"type":"transcription.delta","delta":" ackage"}"#;
    let frame = [&[0x81, TEXT.len() as u8], TEXT].concat();
    let bytes = frame.len();
    let run = move |messages| {
        let head = RequestHead::json(Endpoint::Realtime);
        let mut exchange = Exchange::new(&head, Policy::observe());
        let _forward = exchange.on_request_body(&[], true);
        exchange.on_response_head(&ResponseHead::new(101, None));
        for index in 0..messages {
            let now = Duration::from_millis(index as u64);
            let _forward = black_box(exchange.on_response_body(now, black_box(&frame)));
        }
    };
    Work {
        name: "realtime".to_owned(),
        unit: "a message",
        bytes,
        repetitions: 1_000,
        run: Box::new(run),
    }
}

/// Requests whose usage is asked for, read in pieces of 64 KiB.
fn peek(size: usize) -> Work {
    let body = samples::request(size);
    let bytes = body.len();
    let run = move |bodies| {
        for _ in 0..bodies {
            let head = RequestHead::json(Endpoint::ChatCompletions);
            let mut exchange = Exchange::new(&head, Policy::exact());
            for piece in black_box(&body).chunks(64 << 10) {
                let _forward = black_box(exchange.on_request_body(piece, false));
            }
            let _forward = black_box(exchange.on_request_body(&[], true));
        }
    };
    let name = format!("request of {} KiB", size >> 10);
    Work { name, unit: "a body", bytes, repetitions: 20, run: Box::new(run) }
}
