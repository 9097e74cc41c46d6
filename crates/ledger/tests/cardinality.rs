//! A million junk names: the number of series and the memory stay where they are.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/outcomes.rs"]
mod outcomes;

use outcomes::{answered, fine, samples, settle, streamed, sum};
use weir_ledger::{Hop, Ledger, ModelOrigin, Route};
use weir_wire::OutcomeKind;

const JUNK: usize = 1_000_000;

/// What may be added between the half and the end: a million names of which each left only its
/// bytes behind would add more than 16 MiB.
const GROWTH: usize = 4 << 20;

/// A name that has not been there before: short, long, too long, and what has to be escaped.
fn junk(n: usize) -> String {
    match n % 8 {
        0 => format!("{n}"),
        1 => format!("\"quoted\"\\{n}\\"),
        2 => format!("two\nlines\t{n}\r\0"),
        3 => format!("{n}{}", "long".repeat(63)),
        4 => format!("{n}{}", "too long".repeat(200)),
        5 => format!("模型-{n}-\u{202e}\u{fffd}"),
        6 => format!("{{le=\"+Inf\"}} {n}"),
        _ => format!("junk/{n}:latest"),
    }
}

/// Bytes that the process holds.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// Sends the junk from `from` to `to`, good and bad answers in turn.
fn flood(route: &Route, from: usize, to: usize) {
    let outcomes =
        [answered(404, OutcomeKind::NotFound), fine(), answered(500, OutcomeKind::UpstreamError)];
    for n in from..to {
        settle(route, &junk(n), &outcomes[n % outcomes.len()]);
    }
}

#[test]
fn a_million_junk_names_leave_everything_flat() {
    let ledger = Ledger::new();
    let known = ["configured-a".to_owned(), "configured-b".to_owned()];
    let route = ledger.route("default", Hop::Edge, &known);
    route.learn(["listed-a", "listed-b"]);

    flood(&route, 0, 1_000);
    let before = samples(&ledger.encode()).len();
    flood(&route, 1_000, JUNK / 2);
    let at_half = resident();
    flood(&route, JUNK / 2, JUNK);
    let grown = resident().saturating_sub(at_half);
    assert!(grown < GROWTH, "{} KiB more than at the half", grown >> 10);

    let text = ledger.encode();
    // What has a label could appear only now, with its first request or its first answer of a kind;
    // 64 earned names have all of that after the first thousand.
    assert_eq!(samples(&text).len(), before);
    let overflow = sum(&text, "weir_label_overflow_total", &[r#"label="model""#]).unwrap();
    let other = sum(&text, "llm_requests_started_total", &[r#"model="other""#]);
    // Each junk name is asked for once: as `other`, whether it earns a label by that or not.
    assert_eq!((overflow, other), (JUNK as f64, Some(JUNK as f64)));
    let origins = |wanted| route.models().iter().filter(|(_, origin)| *origin == wanted).count();
    assert_eq!(origins(ModelOrigin::Earned), 64);

    for name in ["configured-a", "configured-b", "listed-a", "listed-b"] {
        settle(&route, name, &streamed());
        let label = format!("model=\"{name}\"");
        let started = sum(&ledger.encode(), "llm_requests_started_total", &[&label]);
        assert_eq!(started, Some(1.0), "{name} was pushed out");
    }
    route.learn(["listed-late"]);
    assert_eq!(origins(ModelOrigin::Listed), 3, "there is room for those that are real");
}
