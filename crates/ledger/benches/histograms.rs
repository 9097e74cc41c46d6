//! How many instructions a time takes to be counted: in the ledger, where it goes into classic and native
//! buckets, against a histogram of `prometheus-client` with the same classic edges. Counted by callgrind;
//! `make count` prints them.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, UNIX_EPOCH};
use std::{io, process};

use prometheus_client::metrics::histogram::Histogram;
use weir_ledger::{Hop, Ledger};
use weir_wire::{Endpoint, Progress};

#[path = "../../wire/benches/callgrind.rs"]
mod callgrind;

const REPETITIONS: usize = 2_000;

/// The edges of `llm_inter_token_latency_seconds`.
const EDGES: [f64; 29] = [
    0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.05, 0.075,
    0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0,
];

/// Name and work.
type Work = (&'static str, fn(usize));

const WORKS: [Work; 3] = [
    ("a time, prometheus-client, classic only", plain),
    ("an event without a gap, in the ledger", |times| events(times, false)),
    ("an event with a gap, in the ledger", |times| events(times, true)),
];

fn main() -> io::Result<()> {
    if let Some((name, repetitions)) = callgrind::asked() {
        let work = WORKS.into_iter().find(|work| work.0 == name);
        let Some((_, run)) = work else { process::exit(2) };
        run(repetitions);
        return Ok(());
    }
    let mut report = String::from("| work | instructions |\n|---|---|\n");
    let [plain, without, with] =
        WORKS.map(|(name, _)| callgrind::each(name, REPETITIONS).map(|each| (name, each)));
    let (plain, without, with) = (plain?, without?, with?);
    for (name, each) in [plain, without, with] {
        // Writing to a String does not fail.
        let _infallible = writeln!(report, "| {name} | {each:.0} |");
    }
    let ratio = (with.1 - without.1) / plain.1;
    let _infallible = writeln!(report, "\nA gap takes {ratio:.2} times the first.");
    #[expect(clippy::print_stdout, reason = "the report is what a benchmark is for")]
    {
        println!("{report}");
    }
    Ok(())
}

/// From 5 to 35 ms, as the gaps of an engine lie.
fn gap(index: usize) -> Duration {
    Duration::from_micros(5_000 + (index as u64 * 7_919) % 30_000)
}

fn plain(times: usize) {
    let histogram = Histogram::new(EDGES);
    for index in 0..times {
        histogram.observe(black_box(gap(index)).as_secs_f64());
    }
}

fn events(times: usize, with_gap: bool) {
    let ledger = Ledger::new();
    let route = ledger.route("default", Hop::Engine, &["tiny".to_owned()]);
    let mut entry = route.begin(Endpoint::ChatCompletions);
    entry.identify(Some("tiny"));
    entry.traced(1, UNIX_EPOCH);
    let mut progress = Progress { events: 1, ..Progress::default() };
    if with_gap {
        progress.gaps.push(Duration::ZERO);
    }
    for index in 0..times {
        for gap_of in &mut progress.gaps {
            *gap_of = gap(index);
        }
        entry.progress(black_box(&progress));
    }
}
