//! Gaps wait with their stream, and are in every scrape nevertheless: none is lost, none is counted twice.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/outcomes.rs"]
mod outcomes;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use outcomes::{fine, route, settle, streamed, sum};
use proptest::prelude::*;
use weir_ledger::{Entry, Hop, Ledger, Route};
use weir_wire::{Endpoint, Progress};

const GAPS: &str = "llm_inter_token_latency_seconds";

fn begin(route: &Route, model: &str) -> Entry {
    let mut entry = route.begin(Endpoint::ChatCompletions);
    entry.identify(Some(model));
    entry
}

fn push(entry: &mut Entry, gap: Duration) {
    entry.progress(&Progress { events: 1, coalesced: 0, discarded: 0, gaps: vec![gap] });
}

/// How many gaps a scrape has, of all streams.
fn counted(text: &str) -> u64 {
    sum(text, &format!("{GAPS}_count"), &[]).map_or(0, |count| count as u64)
}

/// Every line about gaps.
fn lines(ledger: &Ledger) -> Vec<String> {
    let text = ledger.encode_native();
    text.lines().filter(|line| line.starts_with(GAPS)).map(str::to_owned).collect()
}

#[test]
fn every_gap_is_in_the_next_scrape_while_the_stream_goes_on() {
    let ledger = Ledger::new();
    let mut entry = begin(&route(&ledger), "tiny");
    for gaps in 1..=200 {
        push(&mut entry, Duration::from_millis(gaps));
        let text = ledger.encode();
        assert_eq!(counted(&text), gaps);
        assert_eq!(sum(&text, "llm_stream_events_total", &[]), Some(gaps as f64));
        assert_eq!(
            sum(&text, &format!("{GAPS}_sum"), &[]),
            Some((1..=gaps).sum::<u64>() as f64 / 1e3)
        );
        assert!(lines(&ledger).last().unwrap().contains(&format!("{{count:{gaps},")), "{gaps}");
    }
}

#[test]
fn a_burst_that_is_longer_than_the_room_is_counted_in_full() {
    let ledger = Ledger::new();
    let mut entry = begin(&route(&ledger), "tiny");
    push(&mut entry, Duration::from_millis(1));
    for burst in [31, 32, 33, 100, 1_000] {
        let before = counted(&ledger.encode());
        let gaps = vec![Duration::from_millis(2); burst];
        entry.progress(&Progress { events: burst as u64, coalesced: 0, discarded: 0, gaps });
        assert_eq!(counted(&ledger.encode()), before + burst as u64);
    }
    entry.settle(&streamed());
    assert_eq!(counted(&ledger.encode()), 1 + 31 + 32 + 33 + 100 + 1_000);
}

#[test]
fn a_stream_without_gaps_has_no_series_of_them() {
    let ledger = Ledger::new();
    let mut entry = begin(&route(&ledger), "tiny");
    entry.progress(&Progress { events: 1, ..Progress::default() });
    let text = ledger.encode();
    assert!(!text.contains(GAPS));
    for counter in ["llm_coalesced_events_total", "llm_discarded_gaps_total"] {
        assert_eq!(sum(&text, counter, &[]), Some(0.0), "{counter} is known to be nothing");
    }
}

#[test]
fn what_is_dropped_leaves_its_gaps() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    for _ in 0..3 {
        let mut entry = begin(&route, "tiny");
        (0..20).for_each(|gap| push(&mut entry, Duration::from_millis(gap)));
    }
    let panicked = std::thread::spawn(move || {
        let mut entry = begin(&route, "tiny");
        push(&mut entry, Duration::from_millis(1));
        panic!("on purpose");
    });
    assert!(panicked.join().is_err());
    let text = ledger.encode();
    assert_eq!(counted(&text), 61);
    assert_eq!(sum(&text, "llm_requests_total", &["internal_error"]), Some(4.0));
}

#[test]
fn thousands_of_streams_may_be_under_way() {
    const STREAMS: usize = 5_000;
    let ledger = Ledger::new();
    let route = route(&ledger);
    let mut entries: Vec<_> = (0..STREAMS).map(|_| begin(&route, "tiny")).collect();
    for (n, entry) in entries.iter_mut().enumerate() {
        (0..=n % 3).for_each(|_| push(entry, Duration::from_millis(5)));
    }
    let all = (0..STREAMS).map(|n| 1 + n as u64 % 3).sum::<u64>();
    assert_eq!(counted(&ledger.encode()), all);
    // Places become free in between and are taken again.
    let mut n = 0;
    entries.retain(|_| {
        n += 1;
        n % 3 != 0
    });
    entries.extend((0..STREAMS / 2).map(|_| begin(&route, "tiny")));
    entries.iter_mut().for_each(|entry| push(entry, Duration::from_millis(5)));
    assert_eq!(counted(&ledger.encode()), all + entries.len() as u64);
    entries.iter_mut().for_each(|entry| push(entry, Duration::from_millis(5)));
    let all = all + 2 * entries.len() as u64;
    drop(entries);
    assert_eq!(counted(&ledger.encode()), all);
}

/// An exemplar is in a bucket that the stream itself has filled by then.
#[test]
fn the_exemplar_of_a_stream_is_not_without_its_gap() {
    let ledger = Ledger::new();
    let mut entry = begin(&route(&ledger), "tiny");
    for gap in [7, 30, 9] {
        push(&mut entry, Duration::from_millis(gap));
    }
    entry.traced(0xa1, UNIX_EPOCH);
    entry.settle(&fine());
    let lines = lines(&ledger);
    let shown: Vec<_> = lines.iter().filter(|line| line.contains(" # ")).collect();
    let [line] = shown[..] else { panic!("{lines:#?}") };
    assert!(line.contains("le=\"0.05\"} 3 # {trace_id=") && line.contains("} 0.03 "), "{line}");
}

#[test]
fn a_model_that_is_forgotten_takes_its_gaps_along() {
    let idle = Duration::from_secs(1);
    let ledger = Ledger::new();
    let route = ledger.route("default", Hop::Engine, &[]);
    settle(&route, "earned", &fine());
    let mut entry = begin(&route, "earned");
    push(&mut entry, Duration::from_millis(5));
    let now = Instant::now();
    assert_eq!(ledger.expire(now, idle) + ledger.expire(now + 2 * idle, idle), 0, "it streams");
    assert_eq!(counted(&ledger.encode()), 1);
    push(&mut entry, Duration::from_millis(5));
    entry.settle(&fine());
    assert_eq!(ledger.expire(now + 3 * idle, idle) + ledger.expire(now + 5 * idle, idle), 1);
    assert!(lines(&ledger).is_empty());
    settle(&route, "earned", &fine());
    push(&mut begin(&route, "earned"), Duration::from_millis(5));
    assert_eq!(counted(&ledger.encode()), 1, "it begins at 0");
}

/// Every scrape has what had come before it, and nothing that has not; at the end all is there.
#[test]
fn scrapes_and_streams_on_many_threads_count_exactly() {
    const THREADS: u64 = 4;
    const STREAMS: u64 = 60;
    let ledger = Ledger::new();
    let (begun, done, over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let scraper = scope.spawn(|| {
            let mut last = 0;
            while !over.load(Ordering::SeqCst) {
                let least = done.load(Ordering::SeqCst);
                let found = counted(&ledger.encode());
                let most = begun.load(Ordering::SeqCst);
                assert!(least <= found && found <= most, "{found} of {least} to {most}");
                assert!(last <= found, "{found} after {last}");
                last = found;
            }
        });
        let streams = (0..THREADS).map(|thread| {
            let (route, begun, done) = (route(&ledger), &begun, &done);
            scope.spawn(move || {
                for stream in 0..STREAMS {
                    // Some have many at a time, some end without being settled.
                    let mut entries = [begin(&route, "tiny"), begin(&route, "tiny")];
                    for gap in 0..stream * 7 % 200 {
                        begun.fetch_add(1, Ordering::SeqCst);
                        push(&mut entries[gap as usize % 2], Duration::from_micros(gap + thread));
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                    let [one, other] = entries;
                    one.settle(&streamed());
                    drop(other);
                }
            })
        });
        let streams: Vec<_> = streams.collect();
        let ended: Vec<_> = streams.into_iter().map(|stream| stream.join()).collect();
        over.store(true, Ordering::SeqCst);
        assert!(ended.iter().all(Result::is_ok));
        scraper.join().unwrap();
    });
    let gaps = |thread| {
        (0..STREAMS).flat_map(move |stream| (0..stream * 7 % 200).map(move |gap| gap + thread))
    };
    let all: Vec<_> = (0..THREADS).flat_map(gaps).collect();
    let text = ledger.encode();
    assert_eq!(counted(&text), all.len() as u64);
    let expected = all.iter().sum::<u64>() as f64 / 1e6;
    assert_eq!(sum(&text, &format!("{GAPS}_sum"), &[]), Some(expected));
}

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    /// Gaps come, nanoseconds.
    Gaps(usize, Vec<u64>),
    Settle(usize),
    Drop(usize),
    Scrape,
}

fn step() -> impl Strategy<Value = Step> {
    let stream = 0..3_usize;
    // As many of each length, up to a quarter of an hour.
    let gap = (0_u32..40).prop_flat_map(|bits| 0..1_u64 << bits);
    prop_oneof![
        8 => (stream.clone(), prop::collection::vec(gap, 1..50)).prop_map(|it| Step::Gaps(it.0, it.1)),
        1 => stream.clone().prop_map(Step::Settle),
        1 => stream.prop_map(Step::Drop),
        2 => Just(Step::Scrape),
    ]
}

proptest! {
    /// Gaps that waited are counted as if each had been counted at once: here, because its stream ends.
    #[test]
    fn waiting_makes_no_difference(steps in prop::collection::vec(step(), 0..60)) {
        let (waiting, at_once) = (Ledger::new(), Ledger::new());
        let (waiting_route, at_once_route) = (route(&waiting), route(&at_once));
        let mut streams: [_; 3] = std::array::from_fn(|_| begin(&waiting_route, "tiny"));
        for step in steps {
            match step {
                Step::Gaps(stream, gaps) => {
                    let gaps: Vec<_> = gaps.into_iter().map(Duration::from_nanos).collect();
                    for gap in &gaps {
                        push(&mut begin(&at_once_route, "tiny"), *gap);
                    }
                    let events = gaps.len() as u64;
                    streams[stream].progress(&Progress { events, coalesced: 0, discarded: 0, gaps });
                }
                Step::Settle(stream) => {
                    let fresh = begin(&waiting_route, "tiny");
                    std::mem::replace(&mut streams[stream], fresh).settle(&fine());
                }
                Step::Drop(stream) => streams[stream] = begin(&waiting_route, "tiny"),
                Step::Scrape => prop_assert_eq!(lines(&waiting), lines(&at_once)),
            }
        }
        prop_assert_eq!(lines(&waiting), lines(&at_once));
    }
}
