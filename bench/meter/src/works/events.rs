//! Events of streams, and streams as a whole.

use std::hint::black_box;
use std::time::Duration;

use weir_wire::sse::Decoder;
use weir_wire::{End, Endpoint, Exchange, Outcome, Policy, RequestHead, ResponseHead};

use super::{Begun, Work};
use crate::samples::events::{self, DONE, FINISH, ROLE, USAGE};

/// Between two events.
const STEP: Duration = Duration::from_millis(5);

const CHAT: Endpoint = Endpoint::ChatCompletions;

/// How often callgrind sees an event.
const TIMES: usize = 400;

/// An event of each dialect, against only cutting the stream into events; chat's other events, and its events in two
/// pieces and many in one, each as they are and where the usage event is going to be taken out; streams.
pub fn all() -> Vec<Work> {
    let mut works = Vec::new();
    for (dialect, endpoint, event) in events::contents() {
        let cutting = format!("{dialect}: cutting only");
        for (policy, asked) in policies(endpoint) {
            let begin = move || read(endpoint, policy, &[event]);
            let name = format!("{dialect}: an event{asked}");
            works.push(Work::new(name, TIMES, begin).against(cutting.clone()));
        }
        works.push(Work::new(cutting, TIMES, move || cut(event)));
    }
    works.push(Work::new("realtime: a message", TIMES, session));
    works.extend(cuts());
    for (name, event) in [("the finish", FINISH), ("usage", USAGE), ("[DONE]", DONE)] {
        let begin = move || read(CHAT, Policy::observe(), &[event]);
        works.push(Work::new(format!("chat_completions: the event of {name}"), TIMES, begin));
    }
    works.push(Work::new("chat_completions: the beginning of a stream", 40, || {
        Begun::new(0, || drop(black_box(begun())))
    }));
    works.push(Work::new("chat_completions: a stream", 40, || {
        Begun::new(0, || drop(black_box(stream())))
    }));
    works
}

/// With and without asking for usage, where that makes a difference.
fn policies(endpoint: Endpoint) -> Vec<(Policy, &'static str)> {
    let mut policies = vec![(Policy::observe(), "")];
    if matches!(endpoint, Endpoint::ChatCompletions | Endpoint::Completions) {
        policies.push((Policy::exact(), ", usage asked for"));
    }
    policies
}

fn cuts() -> Vec<Work> {
    let (_, _, event) = events::contents()[0];
    let works = policies(CHAT).into_iter().flat_map(|(policy, asked)| {
        let in_two = move || {
            let (front, back) = event.split_at(event.len() / 2);
            read(CHAT, policy, &[front, back])
        };
        let burst = move || read(CHAT, policy, &[&event.repeat(128)]).of(128);
        [
            Work::new(format!("chat_completions: an event, in two pieces{asked}"), TIMES, in_two),
            Work::new(format!("chat_completions: an event, 128 in one piece{asked}"), 4, burst),
        ]
        .map(|work| work.against(format!("chat_completions: an event{asked}")))
    });
    works.collect()
}

/// Reads these pieces again and again, each alone, as from a socket.
fn read(endpoint: Endpoint, policy: Policy, pieces: &[&[u8]]) -> Begun {
    let pieces: Vec<_> = pieces.iter().map(|piece| piece.to_vec()).collect();
    let mut exchange = answered(endpoint, policy);
    let mut now = STEP;
    Begun::new(pieces.iter().map(Vec::len).sum(), move || {
        for piece in &pieces {
            push(&mut exchange, now, black_box(piece));
        }
        now += STEP;
    })
}

/// A stream that is asked for, up to the head of its answer.
fn answered(endpoint: Endpoint, policy: Policy) -> Exchange {
    let mut exchange = Exchange::new(&RequestHead::json(endpoint), policy);
    let _forward = black_box(exchange.on_request_body(br#"{"model":"tiny","stream":true}"#, true));
    exchange.on_request_sent(Duration::ZERO);
    exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream; charset=utf-8")));
    exchange
}

fn push(exchange: &mut Exchange, now: Duration, piece: &[u8]) {
    let _forward = black_box(exchange.on_response_body(now, piece));
    exchange.take_progress(|batch| {
        black_box(batch);
    });
}

/// Cuts the stream into events and reads none.
fn cut(event: &[u8]) -> Begun {
    // Copied as [`read`] does: where the bytes lie decides on some instructions of `memchr`.
    let event = event.to_vec();
    let mut decoder = Decoder::new(4 << 20);
    Begun::new(event.len(), move || {
        decoder.push(black_box(&event), |_, frame| {
            black_box(frame);
        });
    })
}

/// Messages of a realtime session.
fn session() -> Begun {
    const TEXT: &[u8] = br#"{"type":"transcription.delta","delta":" ackage"}"#;
    let frame = [&[0x81, TEXT.len() as u8], TEXT].concat();
    let head = RequestHead::json(Endpoint::Realtime);
    let mut exchange = Exchange::new(&head, Policy::observe());
    let _forward = exchange.on_request_body(&[], true);
    exchange.on_response_head(&ResponseHead::new(101, None));
    let mut now = STEP;
    Begun::new(frame.len(), move || {
        push(&mut exchange, now, black_box(&frame));
        now += STEP;
    })
}

/// A request of a few bytes, and its answer up to the first event of content.
fn begun() -> Exchange {
    let mut exchange = answered(CHAT, Policy::exact());
    push(&mut exchange, STEP, black_box(ROLE));
    push(&mut exchange, STEP, black_box(events::contents()[0].2));
    exchange
}

/// The same, to its end: the event that ends the text, that of usage, which is taken out, and the last.
pub(super) fn stream() -> Outcome {
    let mut exchange = begun();
    for (event, now) in [FINISH, USAGE, DONE].into_iter().zip([2 * STEP, 3 * STEP, 3 * STEP]) {
        push(&mut exchange, now, black_box(event));
    }
    black_box(exchange.on_response_end());
    exchange.outcome(3 * STEP, End::Complete)
}
