//! What holds for the times of every stream, whatever its pace.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use weir_wire::{COALESCE, Exchange, Progress, RequestHead};

use crate::case::{Case, every};
use crate::cuts::small_cases;
use crate::drive::{add, by_schedule};
use crate::schedule::{SENT, blocks};

/// Each event of a stream that had a first token is counted in exactly one way.
fn assert_adds_up(name: &str, progress: &Progress, first_token: bool) {
    let Progress { events, coalesced, discarded, gaps } = progress;
    let counted = u64::from(first_token) + gaps.len() as u64 + coalesced + discarded;
    assert_eq!(*events, counted, "{name}: {progress:?}");
    assert_eq!(first_token, *events > 0, "{name}: {progress:?}");
    assert!(gaps.iter().all(|gap| *gap >= COALESCE), "{name}: {progress:?}");
}

#[test]
fn events_add_up_in_every_case() {
    for case in every() {
        let run = by_schedule(&case);
        let first_token = run.outcome.time_to_first_token;
        assert_adds_up(&case.name, &run.progress, first_token.is_some());
        assert_eq!(run.progress.events, run.outcome.content_events, "{}", case.name);
    }
}

#[test]
fn the_first_token_is_never_the_whole_duration() {
    for case in every() {
        let outcome = by_schedule(&case).outcome;
        let Some(first_token) = outcome.time_to_first_token else { continue };
        assert!(outcome.streamed, "{}: only streams have a first token", case.name);
        assert!(first_token + SENT < outcome.duration, "{}", case.name);
        assert!(outcome.time_to_first_byte <= Some(first_token), "{}", case.name);
    }
}

/// What happens before an event comes.
#[derive(Clone, Copy, Debug)]
struct Wait {
    time: Duration,
    client_stalls: bool,
}

fn wait() -> impl Strategy<Value = Wait> {
    let micros = prop_oneof![Just(0), 1..250_u64, 250..50_000_u64, Just(1_500_000)];
    (micros, prop::bool::weighted(0.1)).prop_map(|(micros, client_stalls)| Wait {
        time: Duration::from_micros(micros),
        client_stalls,
    })
}

fn play(case: &Case, waits: &[Wait]) {
    let mut exchange = Exchange::new(&RequestHead::json(case.endpoint), case.policy);
    let _ = exchange.on_request_body(&case.request, true);
    exchange.on_request_sent(Duration::ZERO);
    let Some(answer) = &case.answer else { return };
    exchange.on_response_head(&answer.head.response());
    let mut now = Duration::ZERO;
    let mut progress = Progress::default();
    for (index, block) in blocks(&answer.body).into_iter().enumerate() {
        let wait = waits[index % waits.len()];
        now += wait.time;
        if wait.client_stalls {
            exchange.on_client_stall(Duration::from_millis(1));
        }
        let _ = exchange.on_response_body(now, block);
        exchange.take_progress(|batch| {
            assert!(!batch.is_empty());
            add(&mut progress, batch);
        });
    }
    let _ = exchange.on_response_end();
    exchange.take_progress(|batch| add(&mut progress, batch));
    let outcome = exchange.outcome(now, case.end);
    assert_adds_up(&case.name, &progress, outcome.time_to_first_token.is_some());
    assert_eq!(progress.events, outcome.content_events);
    let spent: Duration = progress.gaps.iter().sum();
    assert!(spent <= now, "{}: {spent:?} of gaps in {now:?}", case.name);
    assert!(outcome.time_to_first_answer_token.is_none_or(|time| time <= now));
    assert!(outcome.time_per_output_token.is_none_or(|time| time <= now));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn events_add_up_at_any_pace(
        case in any::<Index>(),
        waits in prop::collection::vec(wait(), 1..20),
    ) {
        play(case.get(small_cases()), &waits);
    }
}
