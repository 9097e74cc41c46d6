//! started = sum(outcomes) + active, whatever happens.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/outcomes.rs"]
mod outcomes;

use outcomes::{abandoned, bare, fine, route, samples, settle, streamed, sum};
use weir_ledger::Ledger;
use weir_wire::{Endpoint, Outcome, OutcomeKind};

/// Checks the identity for every route, endpoint and model, and returns the number of starts.
fn assert_balanced(ledger: &Ledger) -> f64 {
    let text = ledger.encode();
    let mut started = 0.0;
    for (series, value) in samples(&text) {
        let Some(labels) = series.strip_prefix("llm_requests_started_total") else { continue };
        let labels: Vec<_> = labels.trim_matches(['{', '}']).split(',').collect();
        let ended = sum(&text, "llm_requests_total", &labels).unwrap();
        assert_eq!(value, ended, "{series} against its outcomes, in a moment without requests");
        started += value;
    }
    assert_eq!(sum(&text, "llm_active_requests", &[]).unwrap_or(0.0), 0.0);
    started
}

#[test]
fn every_outcome_is_counted_once_with_its_status() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    for (index, kind) in OutcomeKind::ALL.into_iter().enumerate() {
        for _ in 0..=index {
            settle(&route, "tiny", &bare(kind));
        }
        let labels = [
            format!(r#"outcome="{kind}""#),
            format!(r#"status="{}""#, kind.status().as_str()),
            r#"endpoint="chat_completions",model="tiny""#.to_owned(),
        ];
        let labels = labels.each_ref().map(String::as_str);
        let counted = sum(&ledger.encode(), "llm_requests_total", &labels);
        assert_eq!(counted, Some(index as f64 + 1.0), "{kind}");
    }
    assert_eq!(assert_balanced(&ledger), (1..=OutcomeKind::ALL.len()).sum::<usize>() as f64);
}

#[test]
fn what_is_dropped_is_an_internal_error_and_never_leaks() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    drop(route.begin(Endpoint::Messages));
    assert_eq!(sum(&ledger.encode(), "llm_requests_started_total", &[]), Some(0.0));

    let mut entry = route.begin(Endpoint::Messages);
    entry.identify(Some("tiny"));
    assert!(entry.is_identified());
    assert_eq!(ledger.active(), 1);
    drop(entry);
    assert_eq!(ledger.active(), 0);
    let labels = [r#"endpoint="messages""#, r#"outcome="internal_error",status="error""#];
    assert_eq!(sum(&ledger.encode(), "llm_requests_total", &labels), Some(1.0));
    assert_eq!(assert_balanced(&ledger), 1.0);
}

#[test]
fn a_panic_while_metering_leaves_the_ledger_balanced() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    let panicked = std::thread::spawn(move || {
        let mut entry = route.begin(Endpoint::Responses);
        entry.identify(None);
        panic!("on purpose");
    });
    assert!(panicked.join().is_err());
    assert_eq!(ledger.active(), 0);
    assert_eq!(assert_balanced(&ledger), 1.0);
}

#[test]
fn many_threads_and_scrapes_leave_the_ledger_balanced() {
    const THREADS: usize = 8;
    const REQUESTS: usize = 400;
    let ledger = Ledger::new();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (ledger, route) = (&ledger, route(&ledger));
            scope.spawn(move || {
                for n in 0..REQUESTS {
                    let mut entry = route.begin(Endpoint::ALL[n % Endpoint::ALL.len()]);
                    entry.identify(Some(&format!("model-{}", n % 5)));
                    if n % 7 != 0 {
                        let outcome = if n % 3 == 0 { streamed() } else { abandoned() };
                        entry.settle(&outcome);
                    }
                    if n % 100 == thread {
                        assert!(!ledger.encode().is_empty());
                    }
                }
            });
        }
    });
    assert_eq!(assert_balanced(&ledger), (THREADS * REQUESTS) as f64);
    assert_eq!(route(&ledger).models().len(), 6, "the configured one and five that were earned");
}

#[test]
fn the_first_identification_stands() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    let mut entry = route.begin(Endpoint::ChatCompletions);
    assert!(!entry.is_identified());
    entry.identify(Some("tiny"));
    entry.identify(Some("other name"));
    entry.identify(None);
    entry.settle(&Outcome { model: Some("third".to_owned()), ..fine() });
    let text = ledger.encode();
    assert_eq!(sum(&text, "llm_requests_total", &[r#"model="tiny",outcome="success""#]), Some(1.0));
    assert_eq!(sum(&text, "weir_label_overflow_total", &[r#"label="model""#]), Some(0.0));
    assert_eq!(assert_balanced(&ledger), 1.0);
}

#[test]
fn settling_identifies_by_the_outcome_if_nothing_did_before() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    for model in [Some("tiny"), None, Some("")] {
        let model = model.map(str::to_owned);
        let outcome = Outcome { endpoint: Endpoint::Completions, model, ..fine() };
        route.begin(Endpoint::Other).settle(&outcome);
    }
    let started =
        |model| sum(&ledger.encode(), "llm_requests_started_total", &[r#""completions""#, model]);
    assert_eq!(started(r#"model="tiny""#), Some(1.0));
    assert_eq!(started(r#"model="unknown""#), Some(2.0), "nothing and an empty name");
    assert_eq!(assert_balanced(&ledger), 3.0);
}
