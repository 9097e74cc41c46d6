use std::time::Duration;

use super::*;
use crate::langfuse::window::Schedule;

fn window() -> Window {
    let schedule = Schedule { length: Duration::from_secs(60), lag: Duration::ZERO, rereads: 0 };
    schedule.window(1)
}

fn table<T>(rows: impl IntoIterator<Item = (&'static str, T)>) -> Table<T> {
    let rows = rows.into_iter().map(|(name, row)| (name.to_owned(), row)).collect();
    Table { rows, is_truncated: false }
}

fn usage(generations: u64) -> ModelUsage {
    ModelUsage { generations: Some(generations), total_tokens: Some(10), ..ModelUsage::default() }
}

#[test]
fn errors_stand_beside_their_model() {
    let answers = Answers {
        generations: Some(table([("a", usage(3)), ("b", usage(1))])),
        errors: Some(table([("a", 2)])),
        ..Answers::default()
    };
    let facts = Facts::new(window(), answers, &mut Names::default());
    assert_eq!(facts.models["a"].errors, Some(2));
    assert_eq!(facts.models["b"].errors, Some(0), "known to be none");
    let answers = Answers { generations: Some(table([("a", usage(3))])), ..Answers::default() };
    let facts = Facts::new(window(), answers, &mut Names::default());
    assert_eq!(facts.models["a"].errors, None, "not known");
}

#[test]
fn a_model_that_was_there_before_has_zeros_of_what_langfuse_tells() {
    let mut names = Names::default();
    let answers = |rows: Vec<(&'static str, ModelUsage)>| Answers {
        generations: Some(table(rows)),
        ..Answers::default()
    };
    Facts::new(window(), answers(vec![("a", usage(3))]), &mut names);
    let facts = Facts::new(window(), answers(vec![("b", usage(1))]), &mut names);
    let a = &facts.models["a"];
    assert_eq!((a.generations, a.total_tokens), (Some(0), Some(0)));
    assert_eq!((a.input_tokens, a.errors, a.latency.p50), (None, None, None));
    let mut cut = answers(vec![("c", usage(1))]);
    cut.generations.as_mut().unwrap().is_truncated = true;
    assert_eq!(
        Facts::new(window(), cut, &mut names).models.len(),
        1,
        "they may be in what is cut off"
    );
}

#[test]
fn booleans_are_counted_by_value() {
    let score = NumericScore { is_boolean: true, count: 3, average: Some(2.0 / 3.0) };
    let answers = Answers { numeric: Some(table([("ok", score)])), ..Answers::default() };
    let facts = Facts::new(window(), answers, &mut Names::default());
    let value = |value: &str| facts.values[&("ok".to_owned(), value.to_owned())];
    assert_eq!((value("true"), value("false")), (2, 1));
    let ok = facts.scores[&("ok".to_owned(), ScoreKind::Boolean)];
    assert_eq!((ok.count, ok.average), (3, Some(2.0 / 3.0)));
}

#[test]
fn averages_of_one_label_are_weighted() {
    let score = |count, average| NumericScore { is_boolean: false, count, average };
    let rows = [("q", score(1, Some(1.0))), ("q", score(3, Some(0.0))), ("q", score(0, None))];
    let answers = Answers { numeric: Some(table(rows)), ..Answers::default() };
    let facts = Facts::new(window(), answers, &mut Names::default());
    let q = facts.scores[&("q".to_owned(), ScoreKind::Numeric)];
    assert_eq!((q.count, q.average), (4, Some(0.25)));
}
