//! Who sent the requests: aliases, keyed hashes that were earned, and nobody's number without a bound.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/outcomes.rs"]
mod outcomes;

use outcomes::{answered, bare, fine, route, samples, streamed, sum};
use weir_ledger::{Client, Hop, Ledger, Route};
use weir_wire::{Endpoint, Outcome, OutcomeKind};

fn settle(route: &Route, client: Client, outcome: &Outcome) {
    let mut entry = route.begin(Endpoint::ChatCompletions);
    entry.identify(Some("tiny"));
    entry.sent_by(client);
    entry.settle(outcome);
}

fn hash(n: u64) -> Client {
    Client::Hash(format!("{n:012x}").into())
}

fn requests(ledger: &Ledger, labels: &str) -> Option<f64> {
    sum(&ledger.encode(), "llm_client_requests_total", &[labels])
}

#[test]
fn nobody_is_counted_unless_that_is_switched_on() {
    let ledger = Ledger::new();
    outcomes::settle(&route(&ledger), "tiny", &streamed());
    let text = ledger.encode();
    assert_eq!(sum(&text, "llm_client_requests_total", &[]), None);
    assert_eq!(sum(&text, "llm_client_tokens_total", &[]), None);
    assert_eq!(sum(&text, "weir_label_overflow_total", &[r#"label="client""#]), Some(0.0));
}

#[test]
fn requests_and_tokens_are_counted_by_alias() {
    let ledger = Ledger::new();
    let (engine, edge) = (route(&ledger), ledger.route("front", Hop::Edge, &[]));
    for _ in 0..2 {
        settle(&engine, Client::Alias("team-a".into()), &streamed());
    }
    settle(&edge, Client::Alias("team-a".into()), &streamed());
    settle(&engine, Client::Keyless, &bare(OutcomeKind::Rejected));
    settle(&engine, Client::Other, &fine());
    let text = ledger.encode();
    for (labels, count) in [
        (r#"{route="default",client="team-a"}"#, 2.0),
        (r#"{route="front",client="team-a"}"#, 1.0),
        (r#"{route="default",client="none"}"#, 1.0),
        (r#"{route="default",client="other"}"#, 1.0),
    ] {
        assert_eq!(sum(&text, "llm_client_requests_total", &[labels]), Some(count), "{labels}");
    }
    let tokens = |labels| sum(&text, "llm_client_tokens_total", &[labels]);
    assert_eq!(tokens(r#"{route="default",client="team-a",kind="input"}"#), Some(2_000.0));
    assert_eq!(tokens(r#"{route="default",client="team-a",kind="output"}"#), Some(100.0));
    assert_eq!(tokens(r#"client="none""#), None, "unknown is absent");
    let all = |name| sum(&text, name, &[]).unwrap();
    assert_eq!(all("llm_client_tokens_total"), all("llm_tokens_total"));
    assert_eq!(sum(&text, "weir_label_overflow_total", &[r#"label="client""#]), Some(1.0));
}

#[test]
fn a_hash_is_a_client_from_the_first_request_on_that_went_well() {
    let ledger = Ledger::new();
    ledger.limit_clients(10);
    let route = route(&ledger);
    settle(&route, hash(1), &answered(401, OutcomeKind::Unauthorized));
    settle(&route, hash(1), &bare(OutcomeKind::ConnectFailed));
    assert_eq!(requests(&ledger, r#"client="other""#), Some(2.0));
    assert_eq!(requests(&ledger, r#"client="000000000001""#), None);
    settle(&route, hash(1), &fine());
    settle(&route, hash(1), &answered(429, OutcomeKind::RateLimited));
    assert_eq!(requests(&ledger, r#"client="000000000001""#), Some(2.0));
    let text = ledger.encode();
    assert_eq!(sum(&text, "weir_label_overflow_total", &[r#"label="client""#]), Some(2.0));
}

#[test]
fn a_hundred_thousand_junk_keys_leave_the_series_flat() {
    let ledger = Ledger::new();
    ledger.limit_clients(100);
    let route = route(&ledger);
    settle(&route, hash(0), &fine());
    let denied = answered(401, OutcomeKind::Unauthorized);
    settle(&route, hash(1), &denied);
    let before = samples(&ledger.encode()).len();
    for n in 1..100_000 {
        settle(&route, hash(n), &denied);
    }
    assert_eq!(samples(&ledger.encode()).len(), before, "what was refused earns nothing");
    // An upstream that asks for no key answers every one of them.
    for n in 1..100_000 {
        settle(&route, hash(n), &fine());
    }
    settle(&route, Client::Alias("team-a".into()), &fine());
    let clients = samples(&ledger.encode());
    let clients = clients.keys().filter(|series| series.starts_with("llm_client_requests_total"));
    assert_eq!(clients.count(), 100 + 2, "a hundred hashes, `other` and the alias");
    assert_eq!(requests(&ledger, ""), Some(200_001.0), "and nobody is lost");
    assert_eq!(requests(&ledger, r#"client="team-a""#), Some(1.0));
    assert_eq!(requests(&ledger, r#"client="000000000000""#), Some(1.0));
}
