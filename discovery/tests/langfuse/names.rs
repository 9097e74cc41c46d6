//! Names that clients gave their traces: never too many, too long, or more than text.

use std::time::SystemTime;

use weir_discovery::langfuse::add;
use weir_families::Families;

use crate::scene::{WINDOW, poll, project, sealed, until};
use crate::server::Langfuse;
use crate::world::{Observation, Score, Value, World, micros};

/// Once in each window.
fn in_every_window(mut each: impl FnMut(u64)) {
    let step = u64::try_from(WINDOW.as_micros()).unwrap();
    let now = micros(SystemTime::now());
    for index in (now - 1_000_000) / step..(now + 10_000_000) / step {
        each(index * step + step / 2);
    }
}

#[tokio::test]
async fn models_and_scores_are_bounded_and_what_is_beyond_is_counted() {
    let mut world = World::default();
    in_every_window(|start| {
        for number in 0..250 {
            let model = format!("model-{number}");
            world.observations.push(Observation::generation(start, &model, 10, 1));
            let name = format!("score-{number}");
            world.scores.push(Score { time: start, name, value: Value::Number(1.0) });
            let word = Value::Word(format!("word-{number}"));
            world.scores.push(Score { time: start, name: "words".to_owned(), value: word });
        }
    });
    let server = Langfuse::start("4.16.0", world).await;
    let (poller, _) = poll(project(&server, "p"));
    let state = sealed(&poller, 1).await;
    let facts = state.facts.as_ref().unwrap();
    assert_eq!(facts.models.len(), 201);
    let tokens: u64 = facts.models.values().filter_map(|usage| usage.input_tokens).sum();
    assert_eq!(tokens, 2500, "nothing is lost");
    assert_eq!(facts.models["other"].generations, Some(50));
    assert!(facts.models["other"].latency.p50.is_none());
    assert!(facts.scores.len() <= 100 && facts.values.len() <= 21);
    assert!(state.counts.overflow.models >= 50 && state.counts.overflow.scores >= 150);
}

#[tokio::test]
async fn names_are_text_of_bounded_length() {
    let mut world = World::default();
    in_every_window(|start| {
        let hostile = ["a\nb{c=\"d\"} 1", "", &"x".repeat(10_000)];
        for model in hostile {
            world.observations.push(Observation::generation(start, model, 10, 1));
        }
        let nameless = Observation::generation(start, "", 10, 1);
        world.observations.push(Observation { model: None, ..nameless });
    });
    let server = Langfuse::start("4.16.0", world).await;
    let (poller, _) = poll(project(&server, "p"));
    let state = sealed(&poller, 1).await;
    let facts = state.facts.as_ref().unwrap();
    let names: Vec<_> = facts.models.keys().map(String::as_str).collect();
    assert_eq!(names, ["ab{c=\"d\"} 1", "unknown", &"x".repeat(128)]);
    assert_eq!(facts.models["unknown"].generations, Some(2));
    let mut families = Families::default();
    add(&mut families, "p", &state);
    let text = families.openmetrics();
    assert!(text.contains(r#"langfuse_window_generations{project="p",model="ab{c=\"d\"} 1"} 1"#));
}

#[tokio::test]
async fn as_many_rows_as_ever_come_may_be_too_few() {
    let mut world = World::default();
    in_every_window(|start| {
        for number in 0..1100 {
            let model = format!("model-{number}");
            world.observations.push(Observation::generation(start, &model, 10, 1));
        }
    });
    let server = Langfuse::start("4.16.0", world).await;
    let (poller, _) = poll(project(&server, "p"));
    let shown = until(&poller, "something is shown", |state| state.facts.is_some()).await;
    let facts = shown.facts.as_ref().unwrap();
    let truncated: Vec<_> =
        facts.truncated.iter().map(|(query, is)| (query.as_str(), *is)).collect();
    assert_eq!(
        truncated,
        [
            ("generations", true),
            ("errors", false),
            ("numeric_scores", false),
            ("categorical_scores", false)
        ]
    );
}
