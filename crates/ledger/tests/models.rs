//! Which names become values of the `model` label, and that no client grows the number of series.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/outcomes.rs"]
mod outcomes;

use outcomes::{answered, bare, fine, route, samples, settle, sum};
use weir_ledger::{Hop, Ledger, ModelOrigin};
use weir_wire::OutcomeKind;

const JUNK: usize = 100_000;

#[test]
fn a_name_earns_its_label_for_the_next_request() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    let refused = answered(404, OutcomeKind::NotFound);
    let broken = answered(200, OutcomeKind::StreamError);
    settle(&route, "new", &refused);
    settle(&route, "new", &broken);
    settle(&route, "new", &bare(OutcomeKind::Success));
    assert_eq!(route.models(), [("tiny".to_owned(), ModelOrigin::Configured)]);
    settle(&route, "new", &fine());
    assert_eq!(route.models()[0], ("new".to_owned(), ModelOrigin::Earned));
    assert_eq!(route.model_origin("new"), Some(ModelOrigin::Earned));
    assert_eq!(route.model_origin("newer"), None);
    settle(&route, "new", &refused);
    let text = ledger.encode();
    assert_eq!(sum(&text, "llm_requests_started_total", &[r#"model="other""#]), Some(4.0));
    assert_eq!(sum(&text, "llm_requests_started_total", &[r#"model="new""#]), Some(1.0));
    assert_eq!(sum(&text, "weir_label_overflow_total", &[]), Some(4.0));
}

#[test]
fn awkward_names_are_escaped() {
    let ledger = Ledger::new();
    let route = ledger.route("a \"b\"\\", Hop::Edge, &["q\"uote\nback\\slash".to_owned()]);
    settle(&route, "q\"uote\nback\\slash", &fine());
    let line = r#"llm_requests_started_total{route="a \"b\"\\",hop="edge",endpoint="chat_completions",model="q\"uote\nback\\slash"} 1"#;
    assert!(ledger.encode().lines().any(|found| found == line), "{line}");
}

#[test]
fn junk_names_leave_the_number_of_series_unchanged() {
    let ledger = Ledger::new();
    let route = route(&ledger);
    let send = |name: &str| settle(&route, name, &answered(404, OutcomeKind::NotFound));
    send("the first one makes the series of `other`");
    let before = samples(&ledger.encode()).len();
    let mut name = String::new();
    for n in 0..JUNK {
        name.push(char::from(b'a' + (n % 26) as u8));
        send(&name);
    }
    let text = ledger.encode();
    assert_eq!(samples(&text).len(), before);
    let junk = JUNK as f64 + 1.0;
    assert_eq!(sum(&text, "llm_requests_started_total", &[r#"model="other""#]), Some(junk));
    assert_eq!(sum(&text, "weir_label_overflow_total", &[r#"label="model""#]), Some(junk));
    assert_eq!(route.models().len(), 1);
}

#[test]
fn junk_that_is_answered_earns_64_names_and_no_more() {
    let ledger = Ledger::new();
    let route = ledger.route("default", Hop::Engine, &[]);
    let send = |name: &str| settle(&route, name, &fine());
    for n in 0..1_000 {
        send(&format!("junk-{n}"));
        send(&"long".repeat(65 + n));
    }
    let bounded = samples(&ledger.encode()).len();
    for n in 1_000..2_000 {
        send(&format!("junk-{n}"));
    }
    assert_eq!(samples(&ledger.encode()).len(), bounded);
    let models = route.models();
    assert_eq!(models.len(), 64);
    assert!(models.iter().all(|(_, origin)| *origin == ModelOrigin::Earned));
    route.learn(["real"]);
    assert_eq!(route.models().len(), 65, "earned names do not keep the others out");
}

#[test]
fn a_listing_without_end_is_cut_and_counted() {
    let ledger = Ledger::new();
    let route = ledger.route("default", Hop::Edge, &[]);
    let names: Vec<_> = (0..5_000).map(|n| format!("listed-{n}")).collect();
    route.learn(&names);
    assert_eq!(route.models().len(), 1_000);
    assert_eq!(sum(&ledger.encode(), "weir_label_overflow_total", &[]), Some(4_000.0));
    let series = samples(&ledger.encode()).len();
    assert!(series < 14_000, "{series} series before the first request");
}
