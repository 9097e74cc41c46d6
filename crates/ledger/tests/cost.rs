//! What requests cost: sums, absences, and series that leave with their model and route.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/outcomes.rs"]
mod outcomes;

use std::time::{Duration, Instant};

use outcomes::{answered, fine, route, samples, streamed, sum};
use weir_ledger::{Cost, CostKind, CostPart, CostSource, Hop, Ledger, Route};
use weir_wire::{Endpoint, Outcome, OutcomeKind};

const NAME: &str = "llm_cost_usd_total";

fn part(kind: CostKind, source: CostSource, usd: f64) -> CostPart {
    CostPart { kind, source, usd }
}

/// Half a dollar of input, and a quarter of output that was counted by Weir.
fn priced() -> Cost {
    let input = part(CostKind::Input, CostSource::Priced, 0.5);
    Cost::of([input, part(CostKind::Output, CostSource::Estimated, 0.25)]).unwrap()
}

fn settle(route: &Route, endpoint: Endpoint, model: &str, outcome: &Outcome, cost: Cost) {
    let mut entry = route.begin(endpoint);
    entry.identify(Some(model));
    entry.costs(cost);
    entry.settle(outcome);
}

/// The samples of costs, by their labels.
fn costs(ledger: &Ledger) -> Vec<(String, f64)> {
    let all = samples(&ledger.encode()).into_iter();
    let costs = all.filter_map(|(name, usd)| Some((name.strip_prefix(NAME)?.to_owned(), usd)));
    costs.collect()
}

fn usd(ledger: &Ledger, label: &str) -> Option<f64> {
    sum(&ledger.encode(), NAME, &[label])
}

#[test]
fn sums_are_those_of_the_requests() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    outcomes::settle(&route, "tiny", &streamed());
    assert_eq!(costs(&ledger), [], "unknown is absent");
    let (chat, messages) = (Endpoint::ChatCompletions, Endpoint::Messages);
    settle(&route, chat, "tiny", &streamed(), priced());
    // Endpoints are not told apart.
    settle(&route, messages, "tiny", &streamed(), priced());
    settle(&route, chat, "tiny", &fine(), Cost::told(2.1e-5).unwrap());
    settle(&route, chat, "tiny", &fine(), Cost::told(2.1e-5).unwrap());
    let of = |kind, source| {
        format!(r#"{{route="default",model="tiny",kind="{kind}",source="{source}"}}"#)
    };
    let expected = [
        (of("all", "litellm"), 4.2e-5),
        (of("input", "priced"), 1.0),
        (of("output", "estimated"), 0.5),
    ];
    assert_eq!(costs(&ledger), expected);
}

#[test]
fn free_is_0_and_failures_cost_what_they_cost() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    let free = Cost::of([part(CostKind::Input, CostSource::Priced, 0.0)]).unwrap();
    settle(&route, Endpoint::Embeddings, "tiny", &fine(), free);
    assert_eq!(usd(&ledger, r#"kind="input""#), Some(0.0));
    let failed = answered(200, OutcomeKind::Truncated);
    settle(&route, Endpoint::ChatCompletions, "tiny", &failed, priced());
    assert_eq!(usd(&ledger, ""), Some(0.75));
    let mut dropped = route.begin(Endpoint::ChatCompletions);
    dropped.identify(Some("tiny"));
    dropped.costs(priced());
    drop(dropped);
    assert_eq!(usd(&ledger, ""), Some(0.75), "nobody said that it came to that");
}

#[test]
fn junk_names_share_one_sum() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    let refused = answered(404, OutcomeKind::NotFound);
    for n in 0..10_000 {
        settle(&route, Endpoint::ChatCompletions, &format!("junk-{n}"), &refused, priced());
    }
    assert_eq!(costs(&ledger).len(), 2);
    assert_eq!(usd(&ledger, r#"model="other""#), Some(7_500.0));
    // 64 names are earned; the others go on being `other`.
    for n in 0..10_000 {
        settle(&route, Endpoint::ChatCompletions, &format!("junk-{n}"), &fine(), priced());
        settle(&route, Endpoint::ChatCompletions, &format!("junk-{n}"), &fine(), priced());
    }
    assert_eq!(costs(&ledger).len(), 2 * 65);
    assert_eq!(usd(&ledger, ""), Some(22_500.0));
}

#[test]
fn every_sum_leaves_with_an_idle_model() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    outcomes::settle(&route, "earned", &fine());
    for model in ["tiny", "earned"] {
        for endpoint in Endpoint::ALL {
            for source in CostSource::ALL {
                let all = CostKind::ALL.map(|kind| part(kind, source, 0.125));
                settle(&route, endpoint, model, &fine(), Cost::of(all).unwrap());
            }
        }
    }
    assert_eq!(costs(&ledger).len(), 2 * 15);
    let (now, hour) = (Instant::now(), Duration::from_secs(3600));
    assert_eq!(ledger.expire(now, hour) + ledger.expire(now + hour, hour), 1);
    assert_eq!(usd(&ledger, r#"model="earned""#), None);
    let each = 0.125 * Endpoint::ALL.len() as f64;
    assert!(costs(&ledger).iter().all(|(_, usd)| *usd == each), "{:?}", costs(&ledger));
    assert_eq!(costs(&ledger).len(), 15);
}

#[test]
fn every_sum_leaves_with_its_route() {
    let ledger = Ledger::new();
    let (stays, goes) = (route(&ledger), ledger.route("gone", Hop::Engine, &["tiny".to_owned()]));
    for route in [&stays, &goes] {
        for model in ["tiny", "junk", ""] {
            settle(route, Endpoint::ChatCompletions, model, &streamed(), priced());
        }
    }
    assert_eq!(costs(&ledger).len(), 2 * 6);
    drop(goes);
    assert!(ledger.forget_route("gone", Hop::Engine));
    assert_eq!(usd(&ledger, r#"route="gone""#), None);
    assert_eq!(usd(&ledger, r#"route="default""#), Some(2.25));
}

/// A reload can move a route to the other hop; the old one may then go while the new one counts on.
#[test]
fn a_route_that_has_moved_counts_on() {
    let ledger = Ledger::new();
    let models = ["tiny".to_owned()];
    let (old, new) =
        (ledger.route("r", Hop::Edge, &models), ledger.route("r", Hop::Engine, &models));
    settle(&old, Endpoint::ChatCompletions, "tiny", &fine(), priced());
    settle(&new, Endpoint::ChatCompletions, "tiny", &fine(), priced());
    assert_eq!(usd(&ledger, ""), Some(1.5));
    drop(old);
    assert!(ledger.forget_route("r", Hop::Edge));
    settle(&new, Endpoint::ChatCompletions, "tiny", &fine(), priced());
    assert_eq!(usd(&ledger, ""), Some(0.75), "from 0, as after a restart");
}
