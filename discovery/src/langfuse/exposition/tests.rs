use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::langfuse::api::Api;
use crate::langfuse::facts::{Facts, Score, ScoreKind};
use crate::langfuse::query::Question;
use crate::langfuse::rows::{ModelUsage, Percentiles};
use crate::langfuse::totals::Totals;
use crate::langfuse::window::Schedule;

fn text(state: &LangfuseState) -> Vec<String> {
    let mut families = Families::default();
    add(&mut families, "p", state);
    let text = families.openmetrics();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn facts() -> Facts {
    let length = Duration::from_secs(300);
    let schedule = Schedule { length, lag: Duration::ZERO, rereads: 0 };
    let usage = ModelUsage {
        generations: Some(3),
        input_tokens: Some(40),
        output_tokens: Some(5),
        total_tokens: Some(45),
        cost_usd: Some(0.25),
        latency: Percentiles { p50: Some(1.5), p95: Some(2.5) },
        time_to_first_token: Percentiles::default(),
        errors: Some(1),
    };
    Facts {
        window: schedule.window(9),
        models: BTreeMap::from([("m".to_owned(), usage)]),
        traces: Some(2),
        scores: BTreeMap::from([(
            ("ok".to_owned(), ScoreKind::Boolean),
            Score { count: 4, average: Some(0.5) },
        )]),
        values: BTreeMap::from([(("ok".to_owned(), "true".to_owned()), 2)]),
        truncated: BTreeMap::from([(Question::Generations, false)]),
    }
}

#[test]
fn before_the_first_look_there_are_only_counts() {
    assert_eq!(
        text(&LangfuseState::default()),
        [
            r#"langfuse_label_overflow_total{project="p",label="model"} 0"#,
            r#"langfuse_label_overflow_total{project="p",label="score"} 0"#,
            r#"langfuse_label_overflow_total{project="p",label="value"} 0"#,
            r#"langfuse_late_generations_total{project="p"} 0"#,
            r#"langfuse_queries_total{project="p"} 0"#,
            r#"langfuse_windows_sealed_total{project="p"} 0"#,
            r#"langfuse_windows_skipped_total{project="p",reason="too_old"} 0"#,
            r#"langfuse_windows_skipped_total{project="p",reason="unreadable"} 0"#,
        ]
    );
}

/// A project of which everything is known.
pub(crate) fn full_state() -> LangfuseState {
    let mut facts = facts();
    let mut totals = Totals::default();
    totals.add(&facts);
    totals.add(&facts);
    if let Some(usage) = facts.models.get_mut("m") {
        usage.time_to_first_token = Percentiles { p50: Some(0.1), p95: Some(0.2) };
    }
    LangfuseState {
        is_up: Some(true),
        version: Some("4.16.0".to_owned()),
        api: Some(Api::V2),
        last_success: Some(UNIX_EPOCH + Duration::from_secs(9)),
        took: Some(Duration::from_millis(20)),
        facts: Some(facts),
        totals,
        counts: Counts {
            failures: BTreeMap::from([((Question::Errors, "timeout"), 2)]),
            ..Counts::default()
        },
        ..LangfuseState::default()
    }
}

#[test]
fn a_window_and_what_was_counted() {
    let mut state = full_state();
    state.facts = Some(facts());
    let found = text(&state);
    for line in [
        r#"langfuse_api_info{project="p",version="4.16.0",api="v2"} 1"#,
        r#"langfuse_cost_usd_total{project="p",model="m"} 0.5"#,
        r#"langfuse_errors_total{project="p",model="m"} 2"#,
        r#"langfuse_generations_total{project="p",model="m"} 6"#,
        r#"langfuse_query_failures_total{project="p",query="errors",reason="timeout"} 2"#,
        r#"langfuse_tokens_total{project="p",model="m",kind="input"} 80"#,
        r#"langfuse_tokens_total{project="p",model="m",kind="total"} 90"#,
        r#"langfuse_traces_total{project="p"} 4"#,
        r#"langfuse_up{project="p"} 1"#,
        r#"langfuse_window_cost_usd{project="p",model="m"} 0.25"#,
        r#"langfuse_window_end_timestamp_seconds{project="p"} 3000"#,
        r#"langfuse_window_generations{project="p",model="m"} 3"#,
        r#"langfuse_window_latency_seconds{project="p",model="m",percentile="95"} 2.5"#,
        r#"langfuse_window_score_average{project="p",score="ok",type="boolean"} 0.5"#,
        r#"langfuse_window_score_values{project="p",score="ok",value="true"} 2"#,
        r#"langfuse_window_scores{project="p",score="ok",type="boolean"} 4"#,
        r#"langfuse_window_seconds{project="p"} 300"#,
        r#"langfuse_window_tokens{project="p",model="m",kind="output"} 5"#,
        r#"langfuse_window_traces{project="p"} 2"#,
        r#"langfuse_window_truncated{project="p",query="generations"} 0"#,
    ] {
        assert!(found.iter().any(|other| other == line), "{line}\n{found:#?}");
    }
    let unknown = "langfuse_window_time_to_first_token_seconds";
    assert!(!found.iter().any(|line| line.starts_with(unknown)), "unknown is absent");
}
