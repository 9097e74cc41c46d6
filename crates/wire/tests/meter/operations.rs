//! Calls in any order, with any bytes: the meter never fails and asking it changes nothing.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use weir_wire::{
    End, Endpoint, Exchange, Limits, OutcomeKind, Policy, Progress, RequestHead, ResponseHead,
    UsagePolicy,
};

use crate::cuts::small_cases;
use crate::drive::add;
use crate::schedule::blocks;

/// One call.
#[derive(Clone, Debug)]
enum Operation {
    RequestBody(Vec<u8>, bool),
    Connected(Duration),
    RequestSent,
    ResponseHead(u16, Option<&'static str>, Option<&'static str>),
    ResponseBody(Vec<u8>),
    ResponseEnd,
    TakeHeld,
    ClientStall,
    ForgetUsage,
    Restart,
    TakeProgress,
    Wait(Duration),
}

const ENDS: [End; 9] = [
    End::Complete,
    End::ClientClosed,
    End::ConnectFailed,
    End::UpstreamReset,
    End::UpstreamTimeout,
    End::UpstreamInvalid,
    End::Rejected,
    End::Shutdown,
    End::Internal,
];

const STATUSES: &[u16] =
    &[200, 200, 200, 201, 204, 302, 400, 401, 404, 422, 429, 500, 503, 504, 599, 0];

const CONTENT_TYPES: &[Option<&str>] =
    &[None, Some("text/event-stream"), Some("application/json"), Some("text/html"), Some("")];

/// Pieces of the corpus, some of them damaged.
fn fragment(of: fn(&crate::case::Case) -> &[u8]) -> impl Strategy<Value = Vec<u8>> {
    let damage = (any::<Index>(), any::<u8>(), 0..8_u8);
    (any::<Index>(), any::<Index>(), damage).prop_map(move |(case, block, (at, byte, how))| {
        let blocks = blocks(of(case.get(small_cases())));
        let mut bytes = blocks.get(block.index(blocks.len().max(1))).unwrap_or(&&[][..]).to_vec();
        if bytes.is_empty() {
            return bytes;
        }
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = byte,
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(..at)),
            3 => bytes.insert(at, byte),
            _ => {}
        }
        bytes
    })
}

fn body(of: fn(&crate::case::Case) -> &[u8]) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => fragment(of),
        1 => prop::collection::vec(any::<u8>(), 0..64),
        1 => Just(Vec::new()),
    ]
}

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![Just(0), 0..300_u64, 300..3_000_000_u64].prop_map(Duration::from_micros)
}

fn operation() -> impl Strategy<Value = Operation> {
    let head = (
        prop::sample::select(STATUSES),
        prop::sample::select(CONTENT_TYPES),
        prop::sample::select(&[None, None, None, Some("identity"), Some("gzip")][..]),
    );
    prop_oneof![
        4 => (body(|case| &case.request), any::<bool>())
            .prop_map(|(bytes, end)| Operation::RequestBody(bytes, end)),
        1 => time().prop_map(Operation::Connected),
        2 => Just(Operation::RequestSent),
        4 => head.prop_map(|(status, kind, coding)| Operation::ResponseHead(status, kind, coding)),
        16 => body(|case| case.body()).prop_map(Operation::ResponseBody),
        1 => Just(Operation::ResponseEnd),
        1 => Just(Operation::TakeHeld),
        1 => Just(Operation::ClientStall),
        1 => Just(Operation::ForgetUsage),
        1 => Just(Operation::Restart),
        3 => Just(Operation::TakeProgress),
        6 => time().prop_map(Operation::Wait),
    ]
}

/// What is known from outside while the calls go on.
struct Observed {
    now: Duration,
    progress: Progress,
    answer: usize,
    received: usize,
}

fn perform(exchange: &mut Exchange, operation: &Operation, seen: &mut Observed) {
    match operation {
        Operation::RequestBody(bytes, end) => drop(exchange.on_request_body(bytes, *end)),
        Operation::Connected(took) => exchange.on_connected(*took),
        Operation::RequestSent => exchange.on_request_sent(seen.now),
        Operation::ResponseHead(status, content_type, content_encoding) => {
            // A second head in the middle of an answer would lose what is held of the first.
            seen.received += exchange.take_held().len();
            exchange.on_response_head(&ResponseHead {
                status: *status,
                content_type: *content_type,
                content_encoding: *content_encoding,
            });
        }
        Operation::ResponseBody(bytes) => {
            seen.answer += bytes.len();
            seen.received += exchange.on_response_body(seen.now, bytes).bytes(bytes).len();
        }
        Operation::ResponseEnd => seen.received += exchange.on_response_end().len(),
        Operation::TakeHeld => seen.received += exchange.take_held().len(),
        Operation::ClientStall => exchange.on_client_stall(Duration::from_millis(1)),
        Operation::ForgetUsage => exchange.forget_usage_request(),
        Operation::Restart => {
            seen.received += exchange.take_held().len();
            exchange.restart();
            seen.progress = Progress::default();
        }
        Operation::TakeProgress => {
            exchange.take_progress(|batch| add(&mut seen.progress, batch));
        }
        Operation::Wait(time) => seen.now += *time,
    }
}

fn assert_sound(exchange: &Exchange, now: Duration) {
    for end in ENDS {
        let outcome = exchange.outcome(now, end);
        assert_eq!(outcome, exchange.outcome(now, end), "asking twice");
        assert!(OutcomeKind::ALL.contains(&outcome.kind));
        let limits = Limits::default();
        assert!(outcome.model.is_none_or(|model| model.len() <= limits.model_bytes + 3));
        assert!(outcome.finish_reason.is_none_or(|reason| reason.len() <= 32));
    }
}

fn run(endpoint: Endpoint, usage: UsagePolicy, operations: &[Operation]) {
    let policy = Policy { usage, ..Policy::default() };
    let mut exchange = Exchange::new(&RequestHead::json(endpoint), policy);
    let mut seen =
        Observed { now: Duration::ZERO, progress: Progress::default(), answer: 0, received: 0 };
    for operation in operations {
        perform(&mut exchange, operation, &mut seen);
        assert_sound(&exchange, seen.now);
    }
    seen.received += exchange.take_held().len();
    assert!(seen.received <= seen.answer, "no byte is made up");
    if !exchange.asked_for_usage() && usage == UsagePolicy::Observe {
        assert_eq!(seen.received, seen.answer, "no byte is lost");
    }
    exchange.take_progress(|batch| add(&mut seen.progress, batch));
    let events = exchange.outcome(seen.now, End::Complete).content_events;
    let Progress { coalesced, discarded, gaps, .. } = &seen.progress;
    assert_eq!(seen.progress.events, events);
    let counted = u64::from(events > 0) + gaps.len() as u64 + coalesced + discarded;
    assert_eq!(events, counted);
    let outcome = exchange.outcome(seen.now, End::Complete);
    assert_eq!(exchange.take_outcome(seen.now, End::Complete), outcome);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_sequence_of_calls(
        endpoint in prop::sample::select(&Endpoint::ALL[..]),
        exact in any::<bool>(),
        operations in prop::collection::vec(operation(), 0..40),
    ) {
        let usage = if exact { UsagePolicy::Exact } else { UsagePolicy::Observe };
        run(endpoint, usage, &operations);
    }
}
