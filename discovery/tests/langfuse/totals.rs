//! Sums that match to the token, whatever is restarted.

use std::time::Duration;

use weir_discovery::langfuse::{Schedule, Scope};

use crate::scene::{WINDOW, assert_totals, counted, poll, project, sealed, until};
use crate::server::Langfuse;
use crate::world::{Observation, World};

#[tokio::test]
async fn totals_match_to_the_token() {
    let world = World::busy(WINDOW);
    let server = Langfuse::start("4.16.0", world.clone()).await;
    let (poller, _) = poll(project(&server, "p"));
    let state = sealed(&poller, 6).await;
    let expected = counted(&world, &state);
    assert!(expected.len() > 100);
    assert_totals(&state, &expected);
    let failed = expected.iter().filter(|one| one.level == "ERROR").count() as u64;
    let errors: u64 = state.totals.models.values().filter_map(|totals| totals.errors).sum();
    assert_eq!(errors, failed);
    assert_eq!(state.totals.traces, Some(expected.len() as u64));
}

#[tokio::test]
async fn the_gauges_are_those_of_the_last_window() {
    let world = World::busy(WINDOW);
    let server = Langfuse::start("4.16.0", world.clone()).await;
    let (poller, _) = poll(project(&server, "p"));
    let state = sealed(&poller, 1).await;
    let facts = state.facts.as_ref().unwrap();
    let expected = world.generations(facts.window.start(), facts.window.end());
    let llama: Vec<_> =
        expected.iter().filter(|one| one.model.as_deref() == Some("llama")).collect();
    let found = &facts.models["llama"];
    assert_eq!(found.generations, Some(llama.len() as u64));
    assert_eq!(found.input_tokens, Some(llama.iter().map(|one| one.input).sum()));
    assert_eq!((found.latency.p50, found.latency.p95), (Some(1.5), Some(1.5)));
    assert_eq!(found.time_to_first_token.p95, Some(0.25));
    assert_eq!(facts.traces, Some(expected.len() as u64));
    assert!(facts.truncated.values().all(|is_truncated| !is_truncated));
    let (yes, no) =
        (("correct".to_owned(), "true".to_owned()), ("correct".to_owned(), "false".to_owned()));
    let given: u64 = facts.values[&yes] + facts.values[&no];
    let kinds: Vec<_> =
        facts.scores.keys().map(|(name, kind)| (name.as_str(), kind.as_str())).collect();
    assert_eq!(kinds, [("correct", "boolean"), ("quality", "numeric"), ("tone", "categorical")]);
    let scores: Vec<_> = facts.scores.values().collect();
    assert_eq!(scores[0].count, given);
    assert!(scores[1].average.unwrap() > 0.0 && scores[2].average.is_none());
    assert!(facts.values.contains_key(&("tone".to_owned(), "good".to_owned())));
}

/// What was sealed by the one is never counted by the other.
#[tokio::test]
async fn a_poller_that_starts_again_counts_nothing_twice() {
    let world = World::busy(WINDOW);
    let server = Langfuse::start("4.16.0", world.clone()).await;
    let (first, _) = poll(project(&server, "p"));
    let before = sealed(&first, 3).await;
    drop(first);
    let (second, _) = poll(project(&server, "p"));
    let shown = until(&second, "something is shown", |state| state.facts.is_some()).await;
    if shown.counts.sealed == 0 {
        assert!(shown.totals.models.values().all(|totals| totals.generations == Some(0)));
    }
    let after = sealed(&second, 3).await;
    assert_totals(&after, &counted(&world, &after));
    let last_of_first = before.facts.as_ref().unwrap().window.index;
    let first_of_second = after.facts.as_ref().unwrap().window.index + 1 - after.counts.sealed;
    assert!(last_of_first < first_of_second, "{last_of_first} {first_of_second}");
}

#[tokio::test]
async fn windows_of_an_outage_are_caught_up_with_in_order() {
    let world = World::busy(WINDOW);
    let mut server = Langfuse::start("4.16.0", world.clone()).await;
    let (poller, sources) = poll(project(&server, "p"));
    sealed(&poller, 1).await;
    server.pause().await;
    let down = until(&poller, "it is down, and windows wait", |state| {
        state.is_up == Some(false) && state.behind >= 4
    })
    .await;
    assert!(sources.all().values().all(|source| source.error.is_some()));
    server.resume().await;
    let state = sealed(&poller, down.counts.sealed + down.behind + 1).await;
    assert_eq!((state.counts.too_old, state.counts.unreadable), (0, 0));
    assert_totals(&state, &counted(&world, &state));
    assert!(sources.all().values().all(|source| source.error.is_none()));
}

/// With windows of five milliseconds, an outage of two seconds is a long one.
#[tokio::test]
async fn after_a_long_outage_the_oldest_windows_are_skipped_and_counted() {
    let mut server = Langfuse::start("4.16.0", World::default()).await;
    let length = Duration::from_millis(5);
    let project = weir_discovery::langfuse::Project {
        schedule: Schedule { length, lag: Duration::ZERO, rereads: 0 },
        scope: Scope { scores: false, ..Scope::default() },
        ..project(&server, "p")
    };
    let (poller, _) = poll(project);
    sealed(&poller, 1).await;
    server.pause().await;
    until(&poller, "400 windows wait", |state| state.behind > 400).await;
    server.resume().await;
    let state = until(&poller, "some are skipped", |state| state.counts.too_old > 0).await;
    assert!(state.counts.too_old > 100, "{}", state.counts.too_old);
    sealed(&poller, state.counts.sealed + 12).await;
}

#[tokio::test]
async fn what_comes_late_is_counted_and_said() {
    let mut world = World::busy(WINDOW);
    let length = Duration::from_millis(400);
    // Visible a while after its window has ended, and before it is sealed.
    for one in &mut world.observations {
        one.visible = one.start + 600_000;
    }
    let server = Langfuse::start("4.16.0", world.clone()).await;
    let project = weir_discovery::langfuse::Project {
        schedule: Schedule { length, lag: Duration::ZERO, rereads: 2 },
        ..project(&server, "p")
    };
    let (poller, _) = poll(project);
    let state = sealed(&poller, 3).await;
    assert_totals(&state, &counted(&world, &state));
    assert!(state.counts.late_generations > 0);
}

#[tokio::test]
async fn only_what_is_in_scope_is_counted() {
    let mut world = World::busy(WINDOW);
    for (number, one) in world.observations.iter_mut().enumerate() {
        one.environment = if number.is_multiple_of(2) { "production" } else { "staging" };
    }
    let embeddings: Vec<_> = world
        .observations
        .iter()
        .filter(|one| one.environment == "production" && one.kind == "GENERATION")
        .map(|one| Observation { kind: "EMBEDDING", input: 1, output: 0, ..one.clone() })
        .collect();
    world.observations.extend(embeddings);
    let server = Langfuse::start("4.16.0", world.clone()).await;
    let scope = Scope {
        types: vec!["GENERATION".to_owned(), "EMBEDDING".to_owned()],
        environment: Some("production".to_owned()),
        scores: false,
    };
    let (poller, _) = poll(weir_discovery::langfuse::Project { scope, ..project(&server, "p") });
    let state = sealed(&poller, 2).await;
    let generations = counted(&world, &state);
    let production = generations.iter().filter(|one| one.environment == "production").count();
    let found: u64 = state.totals.models.values().filter_map(|totals| totals.generations).sum();
    assert_eq!(found, 2 * production as u64);
    assert!(state.facts.as_ref().unwrap().scores.is_empty());
}
