use std::collections::BTreeMap;

use super::*;
use crate::report::{Beside, Found, Goodput, Gpu, TokenSum, samples};
use crate::scenario::ModelShare;

fn figures() -> Figures {
    let latency = |scale: f64| Latency {
        count: 10,
        mean: scale,
        p50: scale,
        p90: scale * 2.0,
        p95: scale * 3.0,
        p99: scale * 4.0,
        p999: scale * 5.0,
        max: scale * 6.0,
        ..Latency::default()
    };
    Figures {
        seconds: 12.5,
        sent: 1_005,
        ended: 1_000,
        cut: 2,
        not_sent: 3,
        outcomes: BTreeMap::from([("success".to_owned(), 990), ("overloaded".to_owned(), 10)]),
        success_rate: Some(0.99),
        requests_per_second: 80.0,
        successes_per_second: 79.2,
        input_tokens: None,
        output_tokens: Some(TokenSum { total: 50_000, per_second: 4_000.0, estimated: 3 }),
        events: 50_000,
        goodput: Some(Goodput {
            requests: 900,
            per_second: 72.0,
            share: 0.9,
            ..Goodput::default()
        }),
        latencies: BTreeMap::from([
            ("time_to_first_token".to_owned(), latency(0.08)),
            ("duration".to_owned(), latency(1.5)),
        ]),
    }
}

#[test]
fn a_report_in_lines() {
    let mut report = samples::report("20261122T140000-00ff00");
    report.scenario.models = vec![ModelShare { name: "tiny".to_owned(), weight: 1.0 }];
    report.summary = figures();
    report.warnings = vec!["10 requests: connection refused.".to_owned()];
    assert_eq!(
        lines(&report).join("\n"),
        "\
quick at http://127.0.0.1:9800, tiny (20261122T140000-00ff00)
1,000 requests in 12.5 s, 99.0 % of them successes
  10 overloaded, 2 cut at the end, 3 not sent, since too many were under way
  80.0 requests/s, ~4000 output tokens/s
  goodput 72.0 requests/s: 90.0 % met the SLO

                                   mean      p50      p90      p95      p99    p99.9      max
  time to first token           80.0 ms  80.0 ms   160 ms   240 ms   320 ms   400 ms   480 ms
  duration                       1.50 s   1.50 s   3.00 s   4.50 s   6.00 s   7.50 s   9.00 s

! 10 requests: connection refused."
    );
}

#[test]
fn a_run_without_answers_has_no_figures() {
    let mut report = samples::report("r");
    report.status = RunStatus::Failed;
    let text = lines(&report).join("\n");
    assert!(text.contains("failed: no request succeeded") && !text.contains("NaN"), "{text}");
    assert!(!text.contains("p50"), "{text}");
}

#[test]
fn a_search_says_what_it_found() {
    let mut report = samples::report("r");
    let stage = |rate, good| StageReport {
        rate: Some(rate),
        concurrency: None,
        good: Some(good),
        figures: figures(),
    };
    report.stages = vec![stage(4.0, true), stage(8.0, false)];
    for (found, said) in [
        ((Some(4.0), Some(8.0)), "The highest good rate is 4.00 requests/s; 8.00 are too much."),
        ((Some(8.0), None), "All rates were good, up to 8.00 requests/s"),
        ((None, Some(4.0)), "Not even 4.00 requests/s were good"),
        ((None, None), "No rate was tried to its end."),
    ] {
        report.search = Some(Found { rate: found.0, too_much: found.1 });
        let text = lines(&report).join("\n");
        assert!(text.contains(said), "{text}");
    }
    let text = lines(&report).join("\n");
    assert!(text.contains("4.00 requests/s") && text.contains("  good\n"), "{text}");
    assert!(text.contains("  not good enough"), "{text}");
}

#[test]
fn gpus_and_the_proxy_stand_beside() {
    let mut report = samples::report("r");
    let card = Gpu {
        gpu: "0".to_owned(),
        utilisation_mean: Some(0.5),
        memory_used_bytes_max: Some(2_147_483_648.0),
        joules: Some(1_500.0),
        ..Gpu::default()
    };
    report.gpus = Some(Gpus {
        source: "Prometheus".to_owned(),
        cards: vec![card],
        joules: Some(1_500.0),
        joules_per_output_token: Some(0.25),
    });
    let row = |what: &str, unit: &str, proxy| BesideRow {
        what: what.to_owned(),
        unit: unit.to_owned(),
        tester: Some(0.08),
        proxy,
        difference: proxy.map(|proxy: f64| 0.08 - proxy),
    };
    report.proxy = Some(Beside {
        source: "http://127.0.0.1:9900/metrics".to_owned(),
        same_requests: true,
        rows: vec![
            row("time_to_first_token p50 (proxy: interpolated)", "s", Some(0.078)),
            row("time_to_first_byte mean", "s", None),
        ],
    });
    let text = lines(&report).join("\n");
    assert!(
        text.contains("GPU 0") && text.contains("50.0 % busy, 2.00 GiB used at most, 1500 J"),
        "{text}"
    );
    assert!(text.contains("1500 J, 0.250 J per output token"), "{text}");
    assert!(text.contains(": the same requests"), "{text}");
    assert!(
        text.contains("time to first token p50              80.0 ms     78.0 ms     2.00 ms  (proxy: interpolated)"),
        "{text}"
    );
    assert!(!text.contains("first byte"), "{text}");
}
