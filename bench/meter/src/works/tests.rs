use std::collections::HashSet;

use weir_wire::{OutcomeKind, Tokens};

use super::*;

#[test]
fn names_are_told_apart_and_what_is_laid_beside_is_there() {
    let works = all();
    let names: HashSet<_> = works.iter().map(|work| work.name.as_str()).collect();
    assert_eq!(names.len(), works.len());
    for work in &works {
        let against = work.against.as_deref();
        assert!(against.is_none_or(|other| names.contains(other)), "{work}: {against:?}");
    }
}

#[test]
fn what_is_only_compared_with_is_not_weirs_own() {
    let works = all();
    let others = ["cutting only", "serde_json skips it", "prometheus-client takes a time"];
    for work in &works {
        let other = others.iter().any(|other| work.name.ends_with(other));
        assert_eq!(work.is_only_compared_with(&works), other, "{work}");
    }
}

#[test]
fn every_work_can_be_done_again_and_again() {
    for work in all() {
        let mut begun = work.begin();
        assert!(begun.units > 0, "{work}");
        (begun.once)();
        (begun.once)();
    }
}

#[test]
fn the_exchange_and_the_stream_are_read_to_their_ends() {
    let count = |tokens: Option<Tokens>| tokens.map(|tokens| tokens.count);
    for (outcome, streamed, output) in [(entries::whole(), false, 64), (events::stream(), true, 12)]
    {
        assert_eq!((outcome.kind, outcome.streamed), (OutcomeKind::Success, streamed));
        assert_eq!(count(outcome.tokens.output), Some(output));
        assert_eq!((outcome.usage_missing, outcome.degraded), (None, None));
        assert_eq!(outcome.model.as_deref(), Some("tiny"));
    }
}

#[test]
fn requests_and_answers_are_as_large_as_their_names_say() {
    for work in all() {
        let size = match work.name.strip_prefix("answer of ") {
            Some("1 KiB") => 1 << 10,
            Some("64 KiB") => 64 << 10,
            _ => continue,
        };
        assert_eq!(work.begin().bytes, size, "{work}");
    }
}
