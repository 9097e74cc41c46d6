//! What is known of a request at both hops is written once, under the model of the edge, and leaves with it.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/outcomes.rs"]
mod outcomes;

use std::time::{Duration, Instant};

use outcomes::{fine, samples, settle, sum};
use weir_ledger::{Across, Crossing, Hop, HopAdded, HopResult, Ledger, Route};
use weir_wire::Endpoint;

const HOUR: Duration = Duration::from_secs(3600);

fn edge(ledger: &Ledger, name: &str) -> Route {
    ledger.route(name, Hop::Edge, &[])
}

fn joined(attempts: u64, is_buffered: bool) -> Crossing {
    let added = HopAdded {
        before_upstream: Some(Duration::from_millis(7)),
        per_event: Some(Duration::ZERO),
        ..HopAdded::default()
    };
    Crossing { result: HopResult::Joined, attempts, added, is_buffered }
}

fn unjoined(result: HopResult) -> Crossing {
    Crossing { result, attempts: 0, added: HopAdded::default(), is_buffered: false }
}

/// A request of the edge that has ended; where its crossing is written.
fn across(route: &Route, model: &str) -> Across {
    let mut entry = route.begin(Endpoint::ChatCompletions);
    entry.identify(Some(model));
    let across = entry.across(&fine());
    entry.settle(&fine());
    across
}

fn hops(ledger: &Ledger) -> usize {
    samples(&ledger.encode()).into_keys().filter(|series| series.starts_with("llm_hop_")).count()
}

#[test]
fn a_crossing_is_written_as_it_is() {
    let ledger = Ledger::new();
    let route = ledger.route("gateway", Hop::Edge, &["tiny".to_owned()]);
    across(&route, "tiny").write(&joined(1, false));
    across(&route, "tiny").write(&joined(3, true));
    across(&route, "tiny").write(&unjoined(HopResult::Unjoined));
    across(&route, "junk").write(&unjoined(HopResult::Failed));
    let text = ledger.encode();
    let of = |name: &str, labels: &[&str]| sum(&text, name, labels);
    let (count, total) = ("llm_hop_added_seconds_count", "llm_hop_added_seconds_sum");
    let before = [r#"phase="before_upstream""#, r#"model="tiny""#];
    assert_eq!(of(count, &before), Some(2.0));
    assert_eq!(of(total, &before), Some(0.014));
    assert_eq!(of(total, &[r#"phase="per_event""#]), Some(0.0));
    for phase in ["first_token", "after"] {
        assert_eq!(of(count, &[&format!("phase=\"{phase}\"")]), None);
    }
    assert_eq!(of("llm_hop_attempts_total", &[]), Some(4.0));
    assert_eq!(of("llm_hop_buffering_total", &[]), Some(1.0));
    for (result, model, requests) in
        [("joined", "tiny", 2.0), ("unjoined", "tiny", 1.0), ("failed", "other", 1.0)]
    {
        let labels = [&*format!("result=\"{result}\""), &format!("model=\"{model}\"")];
        assert_eq!(of("llm_hop_requests_total", &labels), Some(requests), "{result}");
    }
}

#[test]
fn a_model_that_is_forgotten_takes_them_along_unless_another_route_has_it() {
    let ledger = Ledger::new();
    let (one, two) = (edge(&ledger, "one"), edge(&ledger, "two"));
    for route in [&one, &two] {
        settle(route, "m", &fine());
        across(route, "m").write(&joined(1, false));
    }
    let all = hops(&ledger);
    assert!(all > 0);
    // The other one is under way.
    let mut busy = two.begin(Endpoint::ChatCompletions);
    busy.identify(Some("m"));
    let now = Instant::now();
    ledger.expire(now, HOUR);
    assert_eq!(ledger.expire(now + HOUR, HOUR), 1);
    assert_eq!(hops(&ledger), all);
    busy.settle(&fine());
    ledger.expire(now + HOUR, HOUR);
    assert_eq!(ledger.expire(now + HOUR * 2, HOUR), 1);
    assert_eq!(hops(&ledger), 0);
}

#[test]
fn what_comes_after_the_model_has_gone_is_not_written() {
    let ledger = Ledger::new();
    let route = edge(&ledger, "gateway");
    settle(&route, "m", &fine());
    let late = across(&route, "m");
    let later = across(&route, "m");
    let now = Instant::now();
    ledger.expire(now, HOUR);
    assert_eq!(ledger.expire(now + HOUR, HOUR), 1);
    late.write(&joined(1, false));
    assert_eq!(hops(&ledger), 0);
    // Nor if it has come back: that is another one.
    settle(&route, "m", &fine());
    later.write(&joined(1, false));
    assert_eq!(hops(&ledger), 0);
    across(&route, "m").write(&joined(1, false));
    assert!(hops(&ledger) > 0);
}

#[test]
fn a_route_that_is_gone_takes_them_along() {
    let ledger = Ledger::new();
    let route = edge(&ledger, "gone");
    across(&route, "m").write(&joined(1, true));
    let waiting = across(&route, "m");
    drop(route);
    assert!(!ledger.forget_route("gone", Hop::Edge), "somebody is still to write");
    waiting.write(&joined(1, false));
    assert!(ledger.forget_route("gone", Hop::Edge));
    assert_eq!(hops(&ledger), 0);
}
