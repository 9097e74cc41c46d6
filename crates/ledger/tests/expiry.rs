//! Names that nobody asks for are forgotten, with every series, and never while they are in use.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/outcomes.rs"]
mod outcomes;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use outcomes::{abandoned, answered, bare, fine, route, samples, settle, streamed, sum};
use weir_ledger::{Hop, Ledger, ModelOrigin, Route};
use weir_wire::{Endpoint, OutcomeKind, Progress, Source, UsageMissing};

const HOUR: Duration = Duration::from_secs(3600);

fn names(route: &Route) -> Vec<String> {
    route.models().into_iter().map(|(name, _)| name).collect()
}

/// Looks now, and again an hour later; returns how many names went.
fn after_an_hour(ledger: &Ledger) -> usize {
    let now = Instant::now();
    ledger.expire(now, HOUR) + ledger.expire(now + HOUR, HOUR)
}

fn started(ledger: &Ledger, model: &str) -> Option<f64> {
    sum(&ledger.encode(), "llm_requests_started_total", &[&format!("model=\"{model}\"")])
}

/// Writes to every series that a model can have, at every endpoint.
fn write_everything(route: &Route, model: &str) {
    for endpoint in Endpoint::ALL {
        for outcome in [streamed(), abandoned()] {
            let mut entry = route.begin(endpoint);
            entry.identify(Some(model));
            let gaps = vec![Duration::from_millis(9)];
            entry.progress(&Progress { events: 2, coalesced: 1, discarded: 1, gaps });
            entry.settle(&outcome);
        }
    }
    for kind in OutcomeKind::ALL {
        settle(route, model, &weir_wire::Outcome { streamed: true, ..bare(kind) });
    }
    for reason in UsageMissing::ALL {
        let missing = weir_wire::Outcome { usage_missing: Some(reason), ..fine() };
        settle(route, model, &missing);
    }
    for source in [Source::Reported, Source::Estimated] {
        let tokens = Some(weir_wire::Tokens { count: 3, source });
        let counts = weir_wire::TokenCounts { input: tokens, output: tokens, ..fine().tokens };
        settle(route, model, &weir_wire::Outcome { abandoned: tokens, tokens: counts, ..fine() });
    }
}

#[test]
fn every_series_of_an_idle_name_leaves() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    write_everything(&route, "tiny");
    settle(&route, "earned", &fine());
    let before = samples(&ledger.encode()).len();
    write_everything(&route, "earned");
    let of = |model: &str| ledger.encode().matches(&format!("model=\"{model}\"")).count();
    assert_eq!(of("earned"), of("tiny"));
    assert!(of("earned") > 800, "{}", of("earned"));
    assert_eq!(after_an_hour(&ledger), 1);
    assert_eq!(of("earned"), 0);
    let text = ledger.encode();
    // The 100 that it had at 0 have gone too.
    assert_eq!(samples(&text).len(), before - 100);
    assert_eq!(names(&route), ["tiny"]);
    assert_eq!(ledger.active(), 0);
}

#[test]
fn a_name_that_comes_back_begins_at_0() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    for _ in 0..5 {
        settle(&route, "earned", &fine());
    }
    assert_eq!(started(&ledger, "earned"), Some(4.0));
    assert_eq!(after_an_hour(&ledger), 1);
    settle(&route, "earned", &fine());
    assert_eq!((started(&ledger, "earned"), started(&ledger, "other")), (Some(0.0), Some(2.0)));
    settle(&route, "earned", &fine());
    assert_eq!(started(&ledger, "earned"), Some(1.0));
}

#[test]
fn what_is_configured_or_no_name_at_all_stays() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    for model in ["tiny", "", "no such model"] {
        settle(&route, model, &answered(404, OutcomeKind::NotFound));
    }
    let before = samples(&ledger.encode()).len();
    assert_eq!(after_an_hour(&ledger), 0);
    assert_eq!(samples(&ledger.encode()).len(), before);
    for (model, requests) in [("tiny", 1.0), ("unknown", 1.0), ("other", 1.0)] {
        assert_eq!(started(&ledger, model), Some(requests), "{model}");
    }
}

/// A client may well ask for a model that is called like the label of those without one.
#[test]
fn the_series_of_those_without_a_label_stay_when_their_namesake_goes() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    for name in ["other", "unknown"] {
        settle(&route, name, &fine());
        settle(&route, name, &streamed());
    }
    assert_eq!(names(&route), ["other", "tiny", "unknown"]);
    assert_eq!((started(&ledger, "other"), started(&ledger, "unknown")), (Some(3.0), Some(1.0)));
    assert_eq!(after_an_hour(&ledger), 2);
    assert_eq!(names(&route), ["tiny"]);
    settle(&route, "no such model", &answered(404, OutcomeKind::NotFound));
    settle(&route, "", &fine());
    assert_eq!((started(&ledger, "other"), started(&ledger, "unknown")), (Some(4.0), Some(2.0)));
}

#[test]
fn a_name_is_not_forgotten_under_a_request() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    settle(&route, "earned", &fine());
    let mut entry = route.begin(Endpoint::Realtime);
    entry.identify(Some("earned"));
    let now = Instant::now();
    for hours in 0..10 {
        assert_eq!(ledger.expire(now + HOUR * hours, HOUR), 0);
        assert_eq!(ledger.expire(now + HOUR * hours, Duration::ZERO), 0);
    }
    entry.settle(&fine());
    let last = "llm_requests_total";
    assert_eq!(sum(&ledger.encode(), last, &["model=\"earned\"", "\"realtime\""]), Some(1.0));
    assert_eq!(ledger.expire(now + HOUR * 10, HOUR), 0, "it has only just ended");
    assert_eq!(ledger.expire(now + HOUR * 11, HOUR), 1);
    assert_eq!(ledger.active(), 0);
}

#[test]
fn a_place_that_is_free_again_can_be_earned() {
    let ledger = Ledger::new();
    let route = ledger.route("default", Hop::Engine, &[]);
    for n in 0..100 {
        settle(&route, &format!("junk-{n}"), &fine());
    }
    assert_eq!(after_an_hour(&ledger), 64);
    settle(&route, "real", &fine());
    assert_eq!(route.models(), [("real".to_owned(), ModelOrigin::Earned)]);
}

#[test]
fn a_listed_name_goes_once_a_list_lacks_it() {
    let ledger = Ledger::new();
    let route = ledger.route("default", Hop::Engine, &[]);
    route.learn(["old", "both"]);
    let now = Instant::now();
    let at = |hours| ledger.expire(now + HOUR * hours, HOUR);
    assert_eq!((at(0), at(1), at(2)), (0, 0, 0), "nobody has said that they are gone");
    route.learn(["both", "new"]);
    assert_eq!(at(3), 1);
    assert_eq!(names(&route), ["both", "new"]);
    route.learn([""; 0]);
    assert_eq!((at(4), at(5)), (0, 0), "an empty list says nothing");
    // Nobody asks for them, but they are there.
    for hours in 6..9 {
        route.learn(["both", "new"]);
        assert_eq!(at(hours), 0);
    }
    let zeros = samples(&ledger.encode()).len();
    route.learn(["new"]);
    assert_eq!((at(9), at(10)), (1, 0));
    assert_eq!(samples(&ledger.encode()).len(), zeros - 100);
}

#[test]
fn routes_are_told_apart() {
    let ledger = Ledger::new();
    let (one, two) =
        (ledger.route("one", Hop::Edge, &[]), ledger.route("two", Hop::Engine, &["m".to_owned()]));
    for route in [&one, &two] {
        settle(route, "m", &streamed());
        settle(route, "m", &streamed());
    }
    assert_eq!(after_an_hour(&ledger), 1);
    assert_eq!((names(&one).len(), names(&two).len()), (0, 1));
    let left = sum(&ledger.encode(), "llm_requests_started_total", &["model=\"m\""]);
    assert_eq!(left, Some(2.0), "the other route's");
}

/// What has had a request has its outcomes, in the same scrape.
fn assert_whole(text: &str) {
    for (series, started) in samples(text) {
        let Some(labels) = series.strip_prefix("llm_requests_started_total{") else { continue };
        let outcomes = format!("\nllm_requests_total{{{}", labels.trim_end_matches('}'));
        let all = started == 0.0 || text.matches(&outcomes).count() == OutcomeKind::ALL.len();
        assert!(all, "{series} {started} lacks outcomes");
    }
}

/// Requests come while names are forgotten all the time: every one is in the ledger that was not
/// forgotten with its name, and nothing is left of names that are unknown.
#[test]
fn forgetting_and_requests_do_not_trip_over_each_other() {
    const REQUESTS: usize = 10_000;
    let ledger = Ledger::new();
    let route = route(&ledger);
    let done = AtomicBool::new(false);
    let forgotten = std::thread::scope(|scope| {
        let sweeper = scope.spawn(|| {
            let mut forgotten = 0;
            while !done.load(Ordering::SeqCst) {
                forgotten += ledger.expire(Instant::now(), Duration::ZERO);
                assert_whole(&ledger.encode());
            }
            forgotten
        });
        // Names that are asked for a few times and then never again: what stays of one stays. Some
        // requests end when nobody asks for their names any more.
        let client = || {
            let mut under_way = VecDeque::new();
            for n in 0..REQUESTS {
                let name = format!("m-{}", n / 20);
                settle(&route, &name, &streamed());
                settle(&route, "tiny", &streamed());
                let mut entry = route.begin(Endpoint::ChatCompletions);
                entry.identify(Some(&name));
                under_way.push_back(entry);
                if under_way.len() > 50 {
                    under_way.pop_front().unwrap().settle(&abandoned());
                }
            }
        };
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(client)).collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        done.store(true, Ordering::SeqCst);
        sweeper.join().unwrap()
    });
    assert!(forgotten > 0, "the sweeper never met a name");
    assert_eq!(started(&ledger, "tiny"), Some(4.0 * REQUESTS as f64));
    assert_eq!(ledger.active(), 0);
    let now = Instant::now();
    ledger.expire(now, HOUR);
    ledger.expire(now + HOUR, HOUR);
    assert_eq!(names(&route), ["tiny"]);
    assert_eq!(ledger.encode().matches("model=\"m-").count(), 0, "series without a name");
}

#[test]
fn a_route_that_is_gone_leaves_with_every_series() {
    let ledger = Ledger::new();
    let before = ledger.encode();
    let route = ledger.route("gone", Hop::Engine, &["tiny".to_owned()]);
    ledger.limit_clients(1);
    route.passthrough();
    route.retried();
    write_everything(&route, "tiny");
    write_everything(&route, "earned");
    let mut of_client = route.begin(Endpoint::Embeddings);
    of_client.sent_by(weir_ledger::Client::Keyless);
    of_client.settle(&fine());
    assert!(ledger.encode().lines().filter(|line| line.contains("route=\"gone\"")).count() > 1_000);
    drop(route);
    assert!(ledger.forget_route("gone", Hop::Engine));
    let left: Vec<_> =
        samples(&ledger.encode()).into_iter().filter(|it| it.0.contains("gone")).collect();
    assert!(left.is_empty(), "{left:#?}");
    assert_eq!(ledger.encode().lines().count(), before.lines().count());
    assert!(ledger.forget_route("gone", Hop::Engine), "there is none");
}

#[test]
fn a_route_that_somebody_holds_stays() {
    let ledger = Ledger::new();
    let route = ledger.route("gone", Hop::Engine, &["tiny".to_owned()]);
    let mut entry = route.begin(Endpoint::Embeddings);
    entry.identify(Some("tiny"));
    drop(route);
    assert!(!ledger.forget_route("gone", Hop::Engine), "its request is under way");
    entry.settle(&fine());
    assert_eq!(started(&ledger, "tiny"), Some(1.0));
    assert!(ledger.forget_route("gone", Hop::Engine));
    assert_eq!(started(&ledger, "tiny"), None);
}
