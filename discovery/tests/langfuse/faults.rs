//! A LangFuse that is gone, slow, in trouble, or out of its mind.

use std::sync::Arc;
use std::time::Duration;

use weir_discovery::fetch::{Credentials, Reach, Secret};
use weir_discovery::langfuse::{Poller, Project};
use weir_discovery::source::{SourceKind, Sources};
use weir_sim::eventually;

use crate::scene::{DEADLINE, WINDOW, assert_totals, counted, poll, project, sealed, until};
use crate::server::{Langfuse, Mood};
use crate::world::World;

#[tokio::test]
async fn refused_keys_are_said_and_never_shown() {
    let server = Langfuse::start("4.16.0", World::busy(WINDOW)).await;
    let wrong = Project {
        reach: Reach {
            credentials: Credentials::Basic {
                user: "pk-lf-1".to_owned(),
                password: Secret::Value("sk-lf-wrong".to_owned()),
            },
            ..project(&server, "p").reach
        },
        ..project(&server, "p")
    };
    assert!(!format!("{wrong:?}").contains("sk-lf-wrong"));
    let (poller, sources) = poll(wrong);
    until(&poller, "it is down", |state| state.is_up == Some(false)).await;
    let error = sources.all().into_values().next().unwrap().error.unwrap();
    assert!(error.contains("refuses the keys (status 401)"), "{error}");
    assert!(!error.contains("sk-lf"), "{error}");
    assert_eq!(poller.state().facts, None);
}

#[tokio::test]
async fn who_asks_too_often_waits_as_told() {
    let server = Langfuse::start("4.16.0", World::busy(WINDOW)).await;
    server.set(Mood::Status(429, Some(2)), "");
    let (poller, sources) = poll(project(&server, "p"));
    until(&poller, "it is down", |state| state.is_up == Some(false)).await;
    server.set(Mood::Well, "");
    sealed(&poller, 1).await;
    let queries = server.queries();
    let wait = queries[1].0 - queries[0].0;
    assert!(wait >= Duration::from_secs(2), "{wait:?}");
    assert!(sources.all().values().all(|source| source.error.is_none()));
}

#[tokio::test]
async fn trouble_of_the_server_loses_no_window() {
    for mood in [Mood::Status(503, None), Mood::Status(422, None), Mood::Status(500, None)] {
        let world = World::busy(WINDOW);
        let server = Langfuse::start("4.16.0", world.clone()).await;
        let (poller, _) = poll(project(&server, "p"));
        let before = sealed(&poller, 1).await;
        server.set(mood.clone(), "");
        until(&poller, "it is down", |state| state.is_up == Some(false) && state.behind >= 2).await;
        server.set(Mood::Well, "");
        let state = sealed(&poller, before.counts.sealed + 3).await;
        assert_eq!((state.counts.too_old, state.counts.unreadable), (0, 0), "{mood:?}");
        assert_totals(&state, &counted(&world, &state));
    }
}

/// What can't be answered about scores is missing; everything else goes on.
#[tokio::test]
async fn garbage_about_scores_is_about_scores() {
    for body in ["", "<html>", "[]", r#"{"data":[{"name":"x"}]}"#, r#"{"data":"no"}"#] {
        let world = World::busy(WINDOW);
        let server = Langfuse::start("4.16.0", world.clone()).await;
        server.set(Mood::Body(body.to_owned()), "scores-");
        let (poller, sources) = poll(project(&server, "p"));
        let state = sealed(&poller, 2).await;
        assert_eq!(state.is_up, Some(true));
        assert!(sources.all().values().all(|source| source.error.is_none()), "{body}");
        let facts = state.facts.as_ref().unwrap();
        assert!(facts.scores.is_empty() && facts.traces.is_some());
        let failures: Vec<_> = state.counts.failures.keys().map(|(_, reason)| *reason).collect();
        assert_eq!(failures, ["unreadable", "unreadable"]);
        assert_totals(&state, &counted(&world, &state));
    }
}

#[tokio::test]
async fn garbage_about_everything_is_no_data() {
    let server = Langfuse::start("4.16.0", World::busy(WINDOW)).await;
    let tokens =
        r#"{"data":[{"providedModelName":"m","count_count":"3","sum_inputTokens":"many"}]}"#;
    server.set(Mood::Body(tokens.to_owned()), "");
    let (poller, sources) = poll(project(&server, "p"));
    let state = until(&poller, "a window is given up", |state| state.counts.unreadable > 0).await;
    assert_eq!((state.is_up, state.counts.sealed), (Some(false), 0));
    assert!(state.totals.models.is_empty());
    let error = sources.all().into_values().next().unwrap().error.unwrap();
    assert!(error.contains("not what LangFuse is known to send"), "{error}");
    server.set(Mood::Well, "");
    until(&poller, "it is up", |state| state.is_up == Some(true)).await;
}

#[tokio::test]
async fn a_project_that_hangs_leaves_the_others() {
    let world = World::busy(WINDOW);
    let hanging = Langfuse::start("4.16.0", world.clone()).await;
    hanging.set(Mood::Hang, "");
    let well = Langfuse::start("4.16.0", world.clone()).await;
    let sources = Arc::new(Sources::default());
    let slow = Project {
        reach: Reach { timeout: Duration::from_millis(100), ..project(&hanging, "slow").reach },
        ..project(&hanging, "slow")
    };
    let one = Poller::start(slow, Arc::clone(&sources));
    let two = Poller::start(project(&well, "well"), Arc::clone(&sources));
    until(&one, "the one is down", |state| state.is_up == Some(false)).await;
    let state = sealed(&two, 3).await;
    assert_totals(&state, &counted(&world, &state));
    let all = sources.all();
    assert!(
        all[&(SourceKind::Langfuse, "slow".to_owned())]
            .error
            .as_ref()
            .unwrap()
            .contains("no answer within")
    );
    assert_eq!(all[&(SourceKind::Langfuse, "well".to_owned())].error, None);
}

/// A server in trouble is asked less and less often.
#[tokio::test]
async fn failures_are_spaced_out() {
    let server = Langfuse::start("4.16.0", World::busy(WINDOW)).await;
    server.set(Mood::Status(503, None), "");
    let (_poller, _) = poll(project(&server, "p"));
    eventually(DEADLINE, "it was asked six times", async || {
        (server.queries().len() >= 6).then_some(())
    })
    .await;
    let queries = server.queries();
    let waits: Vec<_> = queries.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    // 20, 40, 80, 160, 320 ms at least.
    for (number, wait) in waits.iter().enumerate() {
        assert!(*wait >= Duration::from_millis(20 << number), "{waits:?}");
    }
}
