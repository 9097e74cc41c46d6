//! What a request leaves behind: values, zeros, absences.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/outcomes.rs"]
mod outcomes;

use std::time::Duration;

use outcomes::{abandoned, bare, fine, route, settle, streamed, sum};
use weir_ledger::{Hop, Ledger};
use weir_wire::{Endpoint, OutcomeKind, Progress};

#[test]
fn outcomes_of_a_known_model_exist_at_zero() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    route.learn(["listed"]);
    let text = ledger.encode();
    for model in [r#"model="tiny""#, r#"model="listed""#] {
        for endpoint in Endpoint::ALL {
            let endpoint_label = format!(r#"endpoint="{endpoint}""#);
            let exists = endpoint <= Endpoint::Embeddings;
            let labels = [model, &endpoint_label];
            let zero = exists.then_some(0.0);
            assert_eq!(sum(&text, "llm_requests_started_total", &labels), zero, "{labels:?}");
            for kind in OutcomeKind::ALL {
                let outcome = format!(r#"outcome="{kind}""#);
                let labels = [model, &endpoint_label, &outcome];
                assert_eq!(sum(&text, "llm_requests_total", &labels), zero, "{labels:?}");
            }
        }
    }
    let mut entry = route.begin(Endpoint::Other);
    entry.identify(Some("tiny"));
    let labels = [r#"endpoint="other""#, r#"model="tiny""#, r#"outcome="truncated""#];
    assert_eq!(sum(&ledger.encode(), "llm_requests_total", &labels), Some(0.0));
}

#[test]
fn what_is_unknown_is_absent() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    let never_seen = [
        "llm_request_duration_seconds",
        "llm_time_to_first",
        "llm_inter_token",
        "llm_time_per",
        "llm_tokens",
        "llm_usage",
        "llm_stream_events",
        "llm_request_size",
        "llm_responses",
    ];
    let text = ledger.encode();
    for name in never_seen {
        assert!(!text.contains(name), "{name} is exposed before anything was known");
    }
    settle(&route, "tiny", &bare(OutcomeKind::ConnectFailed));
    let text = ledger.encode();
    for name in ["llm_tokens", "llm_time_to_first", "llm_responses", "llm_upstream_connect"] {
        assert!(!text.contains(name), "{name} is exposed though nothing is known");
    }
    assert_eq!(sum(&text, "llm_request_duration_seconds_count", &[]), Some(1.0));
    assert_eq!(sum(&text, "llm_request_size_bytes_sum", &[]), Some(100.0));
    assert_eq!(sum(&text, "weir_meter_degraded_total", &[]), Some(0.0));
}

#[test]
fn an_outcome_is_written_in_full() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    settle(&route, "tiny", &streamed());
    settle(&route, "tiny", &abandoned());
    let text = ledger.encode();
    let tiny = r#"route="default",hop="engine",model="tiny""#;
    let chat = r#"route="default",hop="engine",endpoint="chat_completions",model="tiny""#;
    for (name, labels, value) in [
        ("llm_responses_total", r#"{route="default",hop="engine",code="200"}"#, 2.0),
        ("llm_request_duration_seconds_sum", chat, 2.04),
        ("llm_time_to_first_byte_seconds_sum", "", 0.09),
        ("llm_time_to_first_token_seconds_sum", tiny, 0.1),
        ("llm_time_to_first_answer_token_seconds_sum", tiny, 0.6),
        ("llm_time_per_output_token_seconds_sum", tiny, 0.009),
        ("llm_upstream_connect_seconds_sum", "", 0.0003),
        ("llm_proxy_overhead_seconds_sum", "", 0.00008),
        ("llm_response_size_bytes_sum", "", 70_000.0),
        ("llm_tokens_total", r#"model="tiny",kind="input",source="reported""#, 1_000.0),
        ("llm_tokens_total", r#"model="tiny",kind="output",source="reported""#, 50.0),
        ("llm_tokens_detail_total", r#"kind="cached_input""#, 800.0),
        ("llm_tokens_detail_total", r#"kind="cache_write_input""#, 100.0),
        ("llm_tokens_detail_total", r#"kind="reasoning_output""#, 30.0),
        ("llm_usage_missing_total", r#"reason="stream_cut""#, 1.0),
        ("llm_abandoned_tokens_total", r#"source="estimated""#, 7.0),
        ("llm_no_first_token_total", r#"outcome="client_closed_before_first_token""#, 1.0),
        ("weir_meter_degraded_total", r#"reason="invalid_json""#, 1.0),
    ] {
        let found = sum(&text, name, &[labels]).unwrap_or_else(|| panic!("no {name} {labels}"));
        assert!((found - value).abs() < 1e-9, "{name} {labels}: {found} instead of {value}");
    }
    assert_eq!(sum(&text, "llm_tokens_total", &[r#"source="estimated""#]), None);
}

#[test]
fn progress_is_live_and_adds_up() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    let mut entry = route.begin(Endpoint::ChatCompletions);
    entry.progress(&Progress::default());
    assert!(!entry.is_identified(), "an empty batch says nothing");
    entry.identify(Some("tiny"));
    let gaps = vec![Duration::from_millis(7), Duration::from_millis(30)];
    entry.progress(&Progress { events: 5, coalesced: 1, discarded: 1, gaps });
    let gaps = vec![Duration::from_millis(9)];
    entry.progress(&Progress { events: 1, coalesced: 0, discarded: 0, gaps });
    let text = ledger.encode();
    let of = |name| sum(&text, name, &[r#"model="tiny""#]).unwrap();
    let parts = 1.0
        + of("llm_inter_token_latency_seconds_count")
        + of("llm_coalesced_events_total")
        + of("llm_discarded_gaps_total");
    assert_eq!(
        of("llm_stream_events_total"),
        parts,
        "events = first + gaps + coalesced + discarded"
    );
    let below_8_ms = sum(&text, "llm_inter_token_latency_seconds_bucket", &[r#"le="0.008""#]);
    assert_eq!(below_8_ms, Some(1.0));

    let mut early = route.begin(Endpoint::ChatCompletions);
    early.progress(&Progress { events: 1, ..Progress::default() });
    assert!(early.is_identified());
    early.settle(&fine());
    let unknown = sum(&ledger.encode(), "llm_stream_events_total", &[r#"model="unknown""#]);
    assert_eq!(unknown, Some(1.0));
}

#[test]
fn a_route_is_the_same_by_name_and_hop() {
    let ledger = Ledger::new();
    let first = ledger.route("r", Hop::Edge, &["a".to_owned()]);
    let again = ledger.clone().route("r", Hop::Edge, &["b".to_owned()]);
    let engine = ledger.route("r", Hop::Engine, &[]);
    for route in [&first, &again, &engine] {
        route.passthrough();
        route.retried();
    }
    assert_eq!((again.name(), again.hop()), ("r", Hop::Edge));
    assert_eq!(first.models().len(), 2);
    assert!(engine.models().is_empty());
    let text = ledger.encode();
    for name in ["weir_passthrough_requests_total", "weir_upstream_retries_total"] {
        assert_eq!(sum(&text, name, &[r#"{route="r",hop="edge"}"#]), Some(2.0));
        assert_eq!(sum(&text, name, &[r#"{route="r",hop="engine"}"#]), Some(1.0));
    }
}

#[test]
fn reloads_are_counted_and_the_start_is_not() {
    let ledger = Ledger::new();
    let state = || {
        let text = ledger.encode();
        let reloads = |result: &str| sum(&text, "weir_config_reloads_total", &[result]).unwrap();
        let last = sum(&text, "weir_config_last_reload_success", &[]).unwrap();
        (reloads("success"), reloads("failure"), last)
    };
    ledger.config_loaded(false, true);
    assert_eq!(state(), (0.0, 0.0, 1.0));
    ledger.config_loaded(true, false);
    assert_eq!(state(), (0.0, 1.0, 0.0));
    ledger.config_loaded(true, true);
    assert_eq!(state(), (1.0, 1.0, 1.0));
}

#[test]
fn audio_is_counted_in_seconds() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    for length in [1_500, 250] {
        let audio = Some(Duration::from_millis(length));
        settle(&route, "tiny", &weir_wire::Outcome { audio, ..fine() });
    }
    let text = ledger.encode();
    let labels = [r#"endpoint="chat_completions""#, r#"model="tiny""#];
    assert_eq!(sum(&text, "llm_audio_seconds_total", &labels), Some(1.75));
}

#[test]
fn the_body_may_tell_the_endpoint_until_the_request_is_counted() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    let mut entry = route.begin(Endpoint::Other);
    entry.speaks(Endpoint::Rerank);
    entry.identify(Some("tiny"));
    entry.speaks(Endpoint::Score);
    entry.settle(&weir_wire::Outcome { endpoint: Endpoint::Score, ..fine() });
    let text = ledger.encode();
    let ended = |endpoint| sum(&text, "llm_requests_total", &[endpoint, r#"outcome="success""#]);
    assert_eq!(ended(r#"endpoint="rerank""#), Some(1.0));
    assert_eq!(ended(r#"endpoint="score""#), None);
}
