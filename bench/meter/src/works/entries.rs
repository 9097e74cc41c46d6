//! Requests in the ledger, whose series are there already.

use std::hint::black_box;
use std::time::{Duration, UNIX_EPOCH};

use prometheus_client::metrics::histogram::Histogram;
use weir_ledger::{Entry, Hop, Ledger, Route};
use weir_wire::{Endpoint, Outcome, Progress};

use super::{Begun, Work, answers, events};
use crate::samples;

/// How often callgrind sees an event.
const TIMES: usize = 2_000;

/// The edges of `llm_inter_token_latency_seconds`.
const EDGES: [f64; 29] = [
    0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.05, 0.075,
    0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0,
];

/// Events, where a gap goes into classic and native buckets, against a histogram of `prometheus-client` with
/// the same classic edges; requests from their begin to their end.
pub fn all() -> Vec<Work> {
    const PLAIN: &str = "ledger: prometheus-client takes a time";
    vec![
        Work::new("ledger: an event without a gap", TIMES, without_gap),
        Work::new("ledger: an event with a gap", TIMES, with_gap).against(PLAIN),
        Work::new(PLAIN, TIMES, plain),
        Work::new("ledger: a request, answered as a whole", 200, || request(whole())),
        Work::new("ledger: a request, answered as a stream", 200, || request(events::stream())),
    ]
}

/// The outcome of a small request and answer.
pub(super) fn whole() -> Outcome {
    let (request, answer) = (samples::requests::whole(1 << 10), samples::answers::whole(1 << 10));
    answers::outcome(&request, &answer)
}

fn route() -> Route {
    Ledger::new().route("default", Hop::Engine, &["tiny".to_owned()])
}

/// Begins a request of which everything is known that may be.
pub(super) fn begin(route: &Route, model: &str) -> Entry {
    let mut entry = route.begin(Endpoint::ChatCompletions);
    entry.identify(Some(model));
    entry.traced(1, UNIX_EPOCH);
    entry
}

/// From 5 to 35 ms, as the gaps of an engine lie; again and again.
struct Gaps {
    all: [Duration; 1024],
    next: usize,
}

impl Gaps {
    fn new() -> Self {
        let gap = |index| Duration::from_micros(5_000 + (index as u64 * 7_919) % 30_000);
        Self { all: std::array::from_fn(gap), next: 0 }
    }

    fn next(&mut self) -> Duration {
        self.next += 1;
        self.all[self.next % self.all.len()]
    }
}

fn without_gap() -> Begun {
    let mut entry = begin(&route(), "tiny");
    let progress = Progress { events: 1, ..Progress::default() };
    Begun::new(0, move || entry.progress(black_box(&progress)))
}

fn with_gap() -> Begun {
    let mut entry = begin(&route(), "tiny");
    let mut progress = Progress { events: 1, gaps: vec![Duration::ZERO], ..Progress::default() };
    let mut gaps = Gaps::new();
    Begun::new(0, move || {
        progress.gaps[0] = gaps.next();
        entry.progress(black_box(&progress));
    })
}

fn plain() -> Begun {
    let histogram = Histogram::new(EDGES);
    let mut gaps = Gaps::new();
    Begun::new(0, move || histogram.observe(black_box(gaps.next()).as_secs_f64()))
}

fn request(outcome: Outcome) -> Begun {
    let route = route();
    Begun::new(0, move || begin(&route, black_box("tiny")).settle(black_box(&outcome)))
}
