//! Plays a case to the meter, as a proxy would.

use std::time::Duration;

use weir_wire::{
    Class, End, Endpoint, Exchange, Outcome, Progress, RequestFacts, RequestHead, classify,
};

use crate::case::Case;
use crate::schedule::{CONNECT, FIRST, SENT, STEP, pieces};

/// What came of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    pub(crate) facts: Option<RequestFacts>,
    /// All batches, put together.
    pub(crate) progress: Progress,
    /// The request's body as the upstream gets it.
    pub(crate) sent: Vec<u8>,
    /// The answer's body as the client gets it.
    pub(crate) received: Vec<u8>,
}

/// Plays a case by the fixed schedule.
pub(crate) fn by_schedule(case: &Case) -> Run {
    play(case, &[&case.request], &pieces(case.body(), case.events_per_read))
}

/// Plays a case with both bodies in pieces as given.
pub(crate) fn play(case: &Case, request: &[&[u8]], answer: &[(Duration, &[u8])]) -> Run {
    play_on(begin(case), case, request, answer)
}

/// The same, with every event parsed.
pub(crate) fn play_parsing_all(
    case: &Case,
    request: &[&[u8]],
    answer: &[(Duration, &[u8])],
) -> Run {
    let mut exchange = begin(case);
    exchange.parse_every_event();
    play_on(exchange, case, request, answer)
}

fn begin(case: &Case) -> Exchange {
    let class = classify(&case.method, &case.target);
    let Class::Llm(endpoint) = class else { panic!("{}: {class:?} is not metered", case.name) };
    let head = RequestHead {
        endpoint,
        target: &case.target,
        content_type: Some(&case.content_type),
        content_encoding: case.content_encoding.as_deref(),
    };
    Exchange::new(&head, case.policy)
}

fn play_on(
    mut exchange: Exchange,
    case: &Case,
    request: &[&[u8]],
    answer: &[(Duration, &[u8])],
) -> Run {
    let sent = play_request(&mut exchange, case, request);
    let (received, progress) = play_answer(&mut exchange, case, answer);
    if exchange.is_upgraded() {
        for piece in request {
            exchange.on_client_frames(piece);
        }
    }
    let sent = if case.endpoint == Endpoint::Realtime { request.concat() } else { sent };
    let end = answer.last().map_or(FIRST, |(at, _)| *at + STEP);
    let outcome = exchange.outcome(end, case.end);
    assert_eq!(outcome, exchange.outcome(end, case.end), "{}: asking changes nothing", case.name);
    assert_eq!(outcome.endpoint, exchange.endpoint(), "{}", case.name);
    // One whose body did not come whole has not said what it is.
    let by_body = case.target.contains("/invocations") && !case.request_is_whole;
    assert!(by_body || outcome.endpoint == case.endpoint, "{} is in the wrong folder", case.name);
    let facts = exchange.request().cloned();
    assert_eq!(outcome, exchange.take_outcome(end, case.end), "{}: without a copy", case.name);
    Run { outcome, facts, progress, sent, received }
}

fn play_request(exchange: &mut Exchange, case: &Case, pieces: &[&[u8]]) -> Vec<u8> {
    let mut sent = Vec::new();
    // What the client says on a WebSocket is no body of its request.
    let pieces = if case.endpoint == Endpoint::Realtime { &[&[][..]] } else { pieces };
    for (index, piece) in pieces.iter().enumerate() {
        let end = case.request_is_whole && index + 1 == pieces.len();
        sent.extend_from_slice(&exchange.on_request_body(piece, end).bytes(piece));
    }
    let reaches_upstream = !matches!(case.end, End::ConnectFailed | End::Rejected);
    if reaches_upstream {
        exchange.on_connected(CONNECT);
        if case.request_is_whole {
            exchange.on_request_sent(SENT);
        }
    }
    sent
}

fn play_answer(
    exchange: &mut Exchange,
    case: &Case,
    pieces: &[(Duration, &[u8])],
) -> (Vec<u8>, Progress) {
    let mut received = Vec::new();
    let mut progress = Progress::default();
    let Some(answer) = &case.answer else { return (received, progress) };
    exchange.on_response_head(&answer.head.response());
    for (name, value) in answer.head.headers() {
        exchange.on_response_header(name, value);
    }
    for (now, piece) in pieces {
        received.extend_from_slice(&exchange.on_response_body(*now, piece).bytes(piece));
        exchange.take_progress(|batch| add(&mut progress, batch));
    }
    let held = if answer.ended { exchange.on_response_end() } else { exchange.take_held() };
    received.extend(held);
    exchange.take_progress(|batch| add(&mut progress, batch));
    (received, progress)
}

/// Adds a batch to the sum of those before.
pub(crate) fn add(sum: &mut Progress, batch: &Progress) {
    let Progress { events, coalesced, discarded, gaps } = batch;
    sum.events += events;
    sum.coalesced += coalesced;
    sum.discarded += discarded;
    sum.gaps.extend_from_slice(gaps);
}
