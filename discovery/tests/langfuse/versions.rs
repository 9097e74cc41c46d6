//! Servers of versions 2, 3 and 4, and one that becomes another.

use crate::scene::{WINDOW, assert_totals, counted, poll, project, sealed, until};
use crate::server::{Langfuse, Mood};
use crate::world::World;

#[tokio::test]
async fn version_3_is_asked_by_its_own_api() {
    let mut world = World::busy(WINDOW);
    // It keeps milliseconds.
    for one in &mut world.observations {
        one.start = one.start / 1000 * 1000;
    }
    let server = Langfuse::start("3.140.0", world.clone()).await;
    let (poller, _) = poll(project(&server, "p"));
    let state = sealed(&poller, 4).await;
    assert_eq!(state.api.unwrap().as_str(), "v1");
    assert_eq!(state.version.as_deref(), Some("3.140.0"));
    let expected = counted(&world, &state);
    assert_totals(&state, &expected);
    assert_eq!(state.totals.traces, Some(expected.len() as u64));
    let v2 = server.queries().iter().filter(|(_, path)| path.contains("/v2/")).count();
    assert_eq!(v2, 1, "what is not there is asked for once");
}

#[tokio::test]
async fn the_first_api_of_version_3_knows_all_tokens_and_no_parts() {
    let server = Langfuse::start("3.57.0", World::busy(WINDOW)).await;
    let (poller, _) = poll(project(&server, "p"));
    let state = sealed(&poller, 2).await;
    let llama = &state.totals.models["llama"];
    assert!(llama.total_tokens.unwrap() > 0);
    assert_eq!((llama.input_tokens, llama.output_tokens), (None, None), "unknown is not 0");
    assert_eq!(state.api.unwrap().as_str(), "v1");
}

/// One that refuses what it has taken before, as a proxy in front of it may, is no older for that.
#[tokio::test]
async fn a_question_that_is_refused_for_a_while_is_asked_again_with_all_its_parts() {
    let server = Langfuse::start("3.140.0", World::busy(WINDOW)).await;
    let (poller, _) = poll(project(&server, "p"));
    sealed(&poller, 1).await;
    server.set(Mood::Status(400, None), "inputTokens");
    let less = "input is not known";
    let state = until(&poller, less, |state| {
        state.facts.as_ref().is_some_and(|facts| facts.models["llama"].input_tokens.is_none())
    });
    let before = state.await;
    server.set(Mood::Well, "");
    let state = sealed(&poller, before.counts.sealed + 3).await;
    let facts = state.facts.as_ref().unwrap();
    assert!(facts.models["llama"].input_tokens.is_some(), "{facts:?}");
}

#[tokio::test]
async fn version_2_knows_days_and_is_asked_for_windows() {
    let mut world = World::busy(WINDOW);
    // There, only generations have usage.
    for one in &mut world.observations {
        one.start = one.start / 1000 * 1000;
        if one.kind == "SPAN" {
            (one.input, one.output, one.cost) = (0, 0, 0);
        }
    }
    let server = Langfuse::start("2.95.9", world.clone()).await;
    let (poller, _) = poll(project(&server, "p"));
    let state = sealed(&poller, 4).await;
    assert_eq!(state.api.unwrap().as_str(), "daily");
    let expected = counted(&world, &state);
    assert_totals(&state, &expected);
    assert_eq!(state.totals.traces, Some(expected.len() as u64));
    let facts = state.facts.as_ref().unwrap();
    assert!(facts.scores.is_empty() && facts.models["llama"].errors.is_none());
    assert!(facts.models["llama"].latency.p50.is_none());
}

#[tokio::test]
async fn a_server_that_becomes_version_4_midway_loses_and_doubles_nothing() {
    let mut world = World::busy(WINDOW);
    for one in &mut world.observations {
        one.start = one.start / 1000 * 1000;
    }
    let server = Langfuse::start("3.140.0", world.clone()).await;
    let (poller, _) = poll(project(&server, "p"));
    let before = sealed(&poller, 2).await;
    server.script.lock().version = "4.0.0";
    let state = sealed(&poller, before.counts.sealed + 3).await;
    assert_eq!((state.api.unwrap().as_str(), state.version.as_deref()), ("v2", Some("4.0.0")));
    assert_totals(&state, &counted(&world, &state));
    assert_eq!(state.counts.unreadable, 0);
}

/// Version 2 has no API that version 4 has; a server of another kind has none of them.
#[tokio::test]
async fn a_server_without_any_of_the_apis_is_said() {
    let server = Langfuse::start("1.0.0", World::default()).await;
    let (poller, sources) = poll(project(&server, "p"));
    until(&poller, "it is down", |state| state.is_up == Some(false)).await;
    let error = sources.all().into_values().next().unwrap().error.unwrap();
    assert!(error.contains("no API for metrics") && error.contains("404"), "{error}");
    server.script.lock().version = "4.0.0";
    until(&poller, "it is up", |state| state.is_up == Some(true)).await;
}
