use super::*;
use crate::results::{Instructions, Junk, Memory, Sample, Scrape, made_up};

/// The verdict on `what` at a load point that contains `at`.
fn verdict(results: &Results, what: &str, at: &str) -> Verdict {
    let mut all = verdicts(results);
    all.retain(|verdict| verdict.what.contains(what) && verdict.load_point.contains(at));
    assert_eq!(all.len(), 1, "{what} at {at}: {all:?}");
    all.remove(0)
}

fn said(results: &Results, what: &str, at: &str) -> [String; 3] {
    let verdict = verdict(results, what, at);
    let measured = verdict.measured().unwrap_or_default();
    [verdict.limit(), measured, verdict.mark()]
}

fn with(samples: Vec<Sample>) -> Results {
    Results { samples, ..made_up::results() }
}

#[test]
fn nothing_is_met_that_was_not_measured() {
    let all = verdicts(&made_up::results());
    assert_eq!(all.len(), 28);
    for verdict in all {
        assert_eq!(verdict.outcome(), Outcome::NotMeasured, "{verdict:?}");
        assert_eq!((verdict.measured(), verdict.mark()), (None, "not measured".to_owned()));
        assert!(!verdict.load_point.is_empty(), "{verdict:?}");
    }
}

#[test]
fn processor_time_is_held_against_each_reference() {
    let round = |round, bare, plain, weir| {
        [(Bare, bare), (BarePlain, plain), (Weir, weir)]
            .map(|(contender, each)| made_up::requests(JSON_1K_SATURATED, contender, round, each))
    };
    let results = with([round(1, 100.0, 150.0, 112.0), round(2, 100.0, 140.0, 114.0)].concat());
    let at = "1 KiB, saturated";
    assert_eq!(
        said(&results, "CPU per request ÷ bare", at),
        ["≤ 1.10", "1.13 (1.12 to 1.14)", "✗ by 0.03"]
    );
    // 112 / 150 and 114 / 140.
    assert_eq!(said(&results, "÷ plain bare Pingora", at), ["≤ 0.80", "0.78 (0.75 to 0.81)", "✓"]);
    assert_eq!(verdict(&results, "÷ nginx", at).outcome(), Outcome::NotMeasured);
    assert_eq!(verdict(&results, "built alike", "16 KiB").outcome(), Outcome::NotMeasured);
}

#[test]
fn a_limit_is_still_within() {
    let samples = [(Bare, 100.0), (Weir, 110.0), (Nginx, 110.0 / 2.0001)]
        .map(|(contender, each)| made_up::requests(JSON_1K_SATURATED, contender, 1, each));
    let results = with(samples.to_vec());
    assert_eq!(verdict(&results, "÷ bare Pingora", "1 KiB").mark(), "✓");
    // Too much by less than what is written of it.
    assert_eq!(verdict(&results, "÷ nginx", "1 KiB").mark(), "✗ by 0.0001");
}

#[test]
fn paced_streams_are_counted_by_events() {
    let mut samples: Vec<_> = [(Bare, 40.0), (Envoy, 44.0), (Nginx, 32.0), (Weir, 44.0)]
        .map(|(contender, each)| made_up::events(PACED_20, contender, 1, each))
        .into();
    for (sample, p50) in samples.iter_mut().zip([60.0, 70.0, 50.0, 64.0]) {
        sample.delay = made_up::quantiles(p50, 900.0);
    }
    let results = with(samples);
    let at = "20 streams";
    assert_eq!(verdict(&results, "paced event ÷ bare", at).mark(), "✗ by 0.05");
    assert_eq!(verdict(&results, "Envoy", at).mark(), "✗ by 0.05");
    assert_eq!(said(&results, "nginx", at), ["≤ 1.20", "1.38 (1.38 to 1.38)", "✗ by 0.18"]);
    assert_eq!(said(&results, "delay per event", at), ["≤ +5.0 µs", "+4.0 µs", "✓"]);
    assert_eq!(verdict(&results, "delay per event", "1 stream ").mark(), "not measured");
}

#[test]
fn instructions_are_counted_against_bare() {
    let counted = |work: &str, contender, each| Instructions {
        work: work.to_owned(),
        contender,
        each,
        least: each,
        most: each,
    };
    let instructions = vec![
        counted("event-paced", Bare, 5_000.0),
        counted("event-paced", Weir, 6_250.0),
        counted("request-1k", Bare, 100_000.0),
        counted("request-1k", Weir, 114_000.0),
        counted("request-256k", Weir, 114_000.0),
    ];
    let results = Results { instructions, ..made_up::results() };
    assert_eq!(said(&results, "paced event over bare", ""), ["≤ +1,000", "+1,250", "✗ by 250"]);
    assert_eq!(said(&results, "instructions per request", "of 1 KiB"), ["≤ 1.15", "1.14", "✓"]);
    let absent = verdict(&results, "instructions per request", "256 KiB");
    assert_eq!(absent.outcome(), Outcome::NotMeasured);
}

#[test]
fn memory_is_that_of_a_stream() {
    let sample = |contender, round, kibibytes: u64| Sample {
        memory: Some(Memory {
            before: 7_000_000,
            open: 7_000_000 + kibibytes * 1_024 * 1_000,
            after: 0,
        }),
        ..made_up::events(STREAMS_1000, contender, round, 40.0)
    };
    let mut results = with(vec![
        sample(Bare, 1, 40),
        sample(Weir, 1, 43),
        sample(Bare, 2, 44),
        sample(Weir, 2, 49),
    ]);
    results.idle_memory.insert(Weir, 21_500_000);
    let at = "1,000 streams";
    assert_eq!(
        said(&results, "per open stream over", at),
        ["≤ +2.0 KiB", "+4.0 KiB (+3.0 to +5.0)", "✗ by 2.0 KiB"]
    );
    let own = verdicts(&results).into_iter().find(|it| it.what == "memory per open stream");
    assert_eq!(own.unwrap().measured().unwrap(), "46.0 KiB (43.0 to 49.0)");
    assert_eq!(said(&results, "idle", ""), ["≤ 20.0 MB", "21.5 MB", "✗ by 1.5 MB"]);
}

#[test]
fn junk_must_be_enough_and_leave_nothing() {
    let readings = vec![
        (0, 7_000_000, 100),
        (100_000, 12_000_000, 900),
        (500_000, 15_000_000, 901),
        (1_000_000, 12_000_000, 898),
    ];
    let junk = |requests| Results {
        junk: Some(Junk { requests, errors: 0, readings: readings.clone() }),
        ..made_up::results()
    };
    let results = junk(1_000_000);
    // 3 MB are 2.86 MiB; what was given back again was grown all the same.
    assert_eq!(said(&results, "growth of resident", ""), ["≤ 2.0 MiB", "2.9 MiB", "✗ by 0.9 MiB"]);
    assert_eq!(said(&results, "change of /metrics", ""), ["≤ 0", "3", "✗ by 3"]);
    let few = junk(999_999);
    assert_eq!(verdict(&few, "growth of resident", "").outcome(), Outcome::NotMeasured);
}

#[test]
fn a_scrape_is_short_and_not_noticed() {
    let mut scrape = made_up::scrape();
    scrape.seconds.p50 = 15e-3;
    scrape.seconds_open_metrics.p50 = 20.5e-3;
    scrape.delay_without.p99 = 400e-6;
    scrape.delay_with.p99 = 1_900e-6;
    let few = Scrape { series: 9_999, ..scrape.clone() };
    let with = |scrape| Results { scrape: Some(scrape), ..made_up::results() };
    let results = with(scrape);
    assert_eq!(
        said(&results, "/metrics, p50", "10,250 series, text"),
        ["≤ 20.00 ms", "15.00 ms", "✓"]
    );
    assert_eq!(verdict(&results, "/metrics, p50", "OpenMetrics").mark(), "✗ by 0.50 ms");
    assert_eq!(said(&results, "while scraped", "10,250"), ["≤ 1.00 ms", "1.50 ms", "✗ by 0.50 ms"]);
    let few = with(few);
    assert_eq!(verdict(&few, "/metrics, p50", "text").outcome(), Outcome::NotMeasured);
    assert_eq!(verdict(&few, "while scraped", "").outcome(), Outcome::NotMeasured);
}
