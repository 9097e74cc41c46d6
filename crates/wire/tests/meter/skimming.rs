//! Events that are like an earlier one are not parsed: whether they are or not, all comes out the same.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use weir_wire::{
    End, Endpoint, Exchange, Forward, Limits, Outcome, Policy, Progress, RequestHead, ResponseHead,
    UsagePolicy,
};

use crate::case::every;
use crate::schedule::{blocks, pieces};
use crate::{difference, drive, events, expectation};

#[test]
fn every_case_comes_out_the_same() {
    for case in every() {
        let body = case.body();
        let mut ways = vec![pieces(body, case.events_per_read)];
        for size in [7, 61, 1_000, 65_536] {
            let is_quick = size >= 1_000 || body.len() < 20_000;
            let chunks = body.chunks(size).filter(|_| is_quick);
            ways.push(chunks.map(|piece| (Duration::from_millis(100), piece)).collect());
        }
        for way in ways {
            let skimmed = drive::play(&case, &[&case.request], &way);
            let parsed = drive::play_parsing_all(&case, &[&case.request], &way);
            if skimmed != parsed {
                let [skimmed, parsed] = [skimmed, parsed].map(|run| expectation::of(&case, &run));
                let lines = difference::between(&parsed, &skimmed);
                panic!("{} in {} pieces:\n{}", case.name, way.len(), lines.join("\n"));
            }
        }
    }
}

/// A stream in pieces, with the time before each, and what its request allows.
#[derive(Clone, Debug)]
struct Stream {
    endpoint: Endpoint,
    policy: Policy,
    request: &'static [u8],
    pieces: Vec<(Duration, Vec<u8>)>,
}

/// All that a caller sees of it.
#[derive(Debug, PartialEq)]
struct Seen {
    forwards: Vec<Forward>,
    progress: Vec<Progress>,
    outcomes: Vec<Outcome>,
    held: Vec<u8>,
}

impl Stream {
    /// Plays it; tells also how many events were not parsed.
    fn play(&self, parse_all: bool) -> (Seen, u64) {
        let mut exchange = Exchange::new(&RequestHead::json(self.endpoint), self.policy);
        if parse_all {
            exchange.parse_every_event();
        }
        let _request = exchange.on_request_body(self.request, true);
        exchange.on_request_sent(Duration::ZERO);
        exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
        let (mut forwards, mut progress) = (Vec::new(), Vec::new());
        let mut now = Duration::ZERO;
        for (wait, piece) in &self.pieces {
            now += *wait;
            forwards.push(exchange.on_response_body(now, piece));
            exchange.take_progress(|batch| progress.push(batch.clone()));
        }
        let skimmed = exchange.events_skimmed();
        let mut outcomes = vec![exchange.outcome(now, End::ClientClosed)];
        let held = exchange.on_response_end();
        exchange.take_progress(|batch| progress.push(batch.clone()));
        outcomes.push(exchange.outcome(now, End::Complete));
        (Seen { forwards, progress, outcomes, held }, skimmed)
    }

    /// Asserts that it is all the same; returns how many events were not parsed.
    fn assert_same(&self) -> u64 {
        let (seen, skimmed) = self.play(false);
        let (parsed, none) = self.play(true);
        assert_eq!(none, 0, "every event was to be parsed");
        assert_eq!(seen, parsed, "{skimmed} events of this stream were skimmed: {self}");
        skimmed
    }
}

impl std::fmt::Display for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}, {:?}", self.endpoint, self.policy)?;
        self.pieces.iter().try_for_each(|(_, piece)| writeln!(f, "{}", piece.escape_ascii()))
    }
}

/// Whatever an event says, saying it again must be noted each time: usage, ends, calls, errors.
#[test]
fn every_event_said_three_times_comes_out_the_same() {
    let mut skimmed = 0;
    for case in every().into_iter().filter(|case| case.body().len() < 20_000) {
        for usage in [UsagePolicy::Exact, UsagePolicy::Observe] {
            let thrice = blocks(case.body()).into_iter().flat_map(|block| [block; 3]);
            let stream = Stream {
                endpoint: case.endpoint,
                policy: Policy { usage, ..case.policy },
                request: br#"{"model":"m","stream":true,"n":2}"#,
                pieces: thrice.map(|block| (Duration::from_millis(7), block.to_vec())).collect(),
            };
            skimmed += stream.assert_same();
        }
    }

    assert!(skimmed > 1_000, "only {skimmed} events of the corpus were skimmed");
}

const REQUESTS: [&[u8]; 3] = [
    br#"{"model":"m","stream":true}"#,
    br#"{"model":"m","stream":true,"n":3}"#,
    br#"{"stream":true,"echo":true,"max_tokens":0,"stream_options":{"include_usage":true}}"#,
];

/// Limits that an event of some hundred bytes goes over.
const SMALL: Limits = Limits {
    model_bytes: 16,
    event_bytes: 200,
    hold_bytes: 64,
    decoded_bytes: 1 << 20,
    decoded_request_bytes: 1 << 20,
};

fn stream() -> impl Strategy<Value = Stream> {
    let usage = prop::sample::select(&[UsagePolicy::Exact, UsagePolicy::Observe][..]);
    let limits = prop_oneof![4 => Just(Limits::default()), 1 => Just(SMALL)];
    let cuts =
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(any::<Index>(), 1..12)];
    let waits = prop::collection::vec(prop::sample::select(&[0, 90, 5_000, 300_000][..]), 1..8);
    let request = prop::sample::select(&REQUESTS[..]);
    (events::stream(), usage, limits, request, cuts, waits).prop_map(
        |((endpoint, events), usage, limits, request, cuts, waits)| {
            let waits = waits.into_iter().cycle().map(Duration::from_micros);
            let pieces = waits.zip(in_pieces(events, &cuts)).collect();
            Stream { endpoint, policy: Policy { usage, limits }, request, pieces }
        },
    )
}

/// The events one by one, or else cut at some offsets of them all.
fn in_pieces(events: Vec<Vec<u8>>, cuts: &[Index]) -> Vec<Vec<u8>> {
    if cuts.is_empty() {
        return events;
    }
    let all = events.concat();
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(all.len() + 1)).collect();
    cuts.extend([0, all.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|ends| all[ends[0]..ends[1]].to_vec()).collect()
}

#[test]
fn any_stream_comes_out_the_same() {
    let config = ProptestConfig { cases: 6_000, failure_persistence: None, ..Default::default() };
    let skimmed = std::cell::Cell::new(0);
    TestRunner::new(config)
        .run(&stream(), |stream| {
            skimmed.set(skimmed.get() + stream.assert_same());
            Ok(())
        })
        .unwrap();

    assert!(skimmed.get() > 6_000, "only {} events were skimmed", skimmed.get());
}

#[test]
fn events_that_come_in_several_pieces_are_skimmed_too() {
    let json = |text| format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#);
    for end in ["\n\n", "\r\n\r\n", "\r\r"] {
        let event = |text| format!("data: {}{end}", json(text)).into_bytes();
        let all = ["a", "b c", "\\n", "d", "e", ""].map(event).concat();
        for size in 1..=all.len() {
            let pieces = all.chunks(size).map(|piece| (Duration::from_millis(3), piece.to_vec()));
            let pieces: Vec<_> = pieces.collect();
            for usage in [UsagePolicy::Exact, UsagePolicy::Observe] {
                let policy = Policy { usage, ..Policy::default() };
                let (endpoint, request) = (Endpoint::ChatCompletions, REQUESTS[0]);
                let stream = Stream { endpoint, policy, request, pieces: pieces.clone() };
                let skimmed = stream.assert_same();
                if end == "\n\n" {
                    assert_eq!(skimmed, 4, "all but the first and the last, in pieces of {size}");
                }
            }
        }
    }
}
