//! Which requests become exemplars of which buckets, and what native histograms say beside them.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/outcomes.rs"]
mod outcomes;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use outcomes::{fine, route, settle, streamed};
use weir_ledger::{Hop, Ledger, Route};
use weir_wire::{Endpoint, Outcome, Progress};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A request with these gaps, in milliseconds, one after the other.
fn stream(route: &Route, gaps: &[u64], trace: Option<u128>, outcome: &Outcome) {
    let mut entry = route.begin(Endpoint::ChatCompletions);
    entry.identify(Some("tiny"));
    for gap in gaps {
        let gaps = vec![Duration::from_millis(*gap)];
        entry.progress(&Progress { events: 1, coalesced: 0, discarded: 0, gaps });
    }
    if let Some(trace) = trace {
        entry.traced(trace, at(1_700_000_000));
    }
    entry.settle(outcome);
}

/// Metric and edge of every bucket with an exemplar, and the exemplar.
fn exemplars(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| line.split_once(" # "));
    let mut all: Vec<_> = lines
        .map(|(sample, exemplar)| {
            let name = sample.split_once("_bucket{").unwrap().0;
            let edge = sample.split_once("le=\"").unwrap().1.split('"').next().unwrap();
            (format!("{name} {edge}"), exemplar.to_owned())
        })
        .collect();
    all.sort();
    all
}

#[test]
fn a_traced_request_is_the_exemplar_of_its_times_and_of_its_longest_gap() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    stream(&route, &[7, 180, 9], None, &streamed());
    assert_eq!(exemplars(&ledger.encode()), []);
    stream(&route, &[7, 30, 9], Some(0xa1), &streamed());
    let of = |value: &str| format!("{{trace_id=\"{:032x}\"}} {value} 1700000000.000", 0xa1);
    let expected = [
        ("llm_inter_token_latency_seconds 0.05", of("0.03")),
        ("llm_request_duration_seconds 2.0", of("2.0")),
        ("llm_time_per_output_token_seconds 0.01", of("0.009")),
        ("llm_time_to_first_answer_token_seconds 0.75", of("0.6")),
        ("llm_time_to_first_token_seconds 0.1", of("0.1")),
    ];
    let expected = expected.map(|(bucket, exemplar)| (bucket.to_owned(), exemplar));
    assert_eq!(exemplars(&ledger.encode()), expected);
}

#[test]
fn the_latest_of_a_bucket_counts() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    for trace in [1, 2, 3] {
        stream(&route, &[], Some(trace), &fine());
    }
    stream(&route, &[], None, &fine());
    let text = ledger.encode();
    let [(_, only)] = &exemplars(&text)[..] else { panic!("{text}") };
    assert!(only.starts_with(&format!("{{trace_id=\"{:032x}\"}} 0.04 ", 3)), "{only}");
}

#[test]
fn an_exemplar_is_no_longer_than_the_specification_allows() {
    let ledger = Ledger::new();
    stream(&route(&ledger), &[9], Some(u128::MAX), &streamed());
    for (_, exemplar) in exemplars(&ledger.encode()) {
        // 128 characters of names and values, without what stands between them.
        let labels = exemplar.split('}').next().unwrap();
        assert!(labels.len() <= 128, "{labels}");
    }
}

/// Label set and value of every sample that is a native histogram.
fn natives(text: &str) -> Vec<(&str, &str)> {
    text.lines().filter_map(|line| line.split_once("} {")).collect()
}

fn member<'a>(native: &'a str, name: &str) -> &'a str {
    let value = native.split_once(&format!("{name}:")).unwrap().1;
    value.strip_prefix('[').map_or_else(
        || value.split([',', '}']).next().unwrap(),
        |list| list.split(']').next().unwrap(),
    )
}

#[test]
fn native_histograms_count_what_the_classic_ones_count() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    stream(&route, &[7, 30, 9, 0, 7], None, &streamed());
    assert_eq!(natives(&ledger.encode()), []);
    let text = ledger.encode_native();
    let natives = natives(&text);
    assert_eq!(natives.len(), 5);
    for (series, native) in natives {
        let (name, labels) = series.split_once('{').unwrap();
        let count = member(native, "count").to_owned();
        let classic = |suffix: &str| format!("\n{name}_{suffix}{{{labels}}} ");
        assert!(text.contains(&format!("{}{count}\n", classic("count"))), "{series}");
        let sum = format!("{}{}\n", classic("sum"), member(native, "sum"));
        assert!(text.contains(&sum), "{series}");
        let buckets = member(native, "positive_buckets").split(',');
        let counted: u64 = buckets.map(|count| count.parse::<u64>().unwrap()).sum();
        let zeros: u64 = member(native, "zero_count").parse().unwrap();
        assert_eq!((counted + zeros).to_string(), count, "{series}");
    }
    let without: Vec<_> = text.lines().filter(|line| !line.contains("} {")).collect();
    assert_eq!(without, ledger.encode().lines().collect::<Vec<_>>());
}

#[test]
fn what_is_forgotten_takes_its_native_histograms_and_exemplars_with_it() {
    let ledger = Ledger::new();
    let route = ledger.route("gone", Hop::Engine, &[]);
    let mut entry = route.begin(Endpoint::ChatCompletions);
    entry.identify(Some("earned"));
    entry.settle(&fine());
    settle(&route, "earned", &streamed());
    let has =
        |model: &str| ledger.encode_native().contains(&format!("model=\"{model}\"}} {{count"));
    assert!(has("earned"));
    let now = Instant::now();
    let idle = Duration::from_secs(1);
    ledger.expire(now, idle);
    assert_eq!(ledger.expire(now + 2 * idle, idle), 1);
    assert!(!has("earned") && has("other"));
    drop(route);
    assert!(ledger.forget_route("gone", Hop::Engine));
    assert!(!ledger.encode_native().contains("route=\"gone\""));
}
