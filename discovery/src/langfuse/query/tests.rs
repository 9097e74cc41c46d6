use std::time::Duration;

use super::*;
use crate::langfuse::window::Schedule;

/// 2026-11-22, from 07:40 to 07:45.
fn window() -> Window {
    let length = Duration::from_secs(300);
    let schedule = Schedule { length, lag: Duration::ZERO, rereads: 0 };
    schedule.window(1_795_333_200 / 300)
}

fn asked(api: Api, question: Question, scope: &Scope) -> (String, Value) {
    let path = path(api, question, window(), scope).unwrap();
    let url = Url::parse(&format!("http://langfuse{path}")).unwrap();
    let (key, query) = url.query_pairs().next().unwrap();
    assert_eq!(key, "query");
    (url.path().to_owned(), serde_json::from_str(&query).unwrap())
}

#[test]
fn generations_are_asked_for_by_model_without_the_end_of_the_window() {
    let (path, query) = asked(Api::V2, Question::Generations, &Scope::default());
    assert_eq!(path, "/api/public/v2/metrics");
    assert_eq!(
        query,
        json!({
            "view": "observations",
            "dimensions": [{"field": "providedModelName"}],
            "metrics": [
                {"measure": "count", "aggregation": "count"},
                {"measure": "inputTokens", "aggregation": "sum"},
                {"measure": "outputTokens", "aggregation": "sum"},
                {"measure": "totalTokens", "aggregation": "sum"},
                {"measure": "totalCost", "aggregation": "sum"},
                {"measure": "latency", "aggregation": "p50"},
                {"measure": "latency", "aggregation": "p95"},
                {"measure": "timeToFirstToken", "aggregation": "p50"},
                {"measure": "timeToFirstToken", "aggregation": "p95"},
            ],
            "filters": [
                {"column": "start_time", "operator": "<", "value": "2026-11-22T07:45:00Z",
                 "type": "datetime"},
                {"column": "type", "operator": "=", "value": "GENERATION", "type": "string"},
            ],
            "timeDimension": null,
            "fromTimestamp": "2026-11-22T07:40:00Z",
            "toTimestamp": "2026-11-22T07:45:00Z",
            "config": {"row_limit": 1000},
        })
    );
}

#[test]
fn traces_are_a_view_of_version_3_and_roots_in_version_4() {
    let (_, new) = asked(Api::V2, Question::Traces, &Scope::default());
    assert_eq!(
        (&new["view"], &new["filters"][1]["column"]),
        (&json!("observations"), &json!("isRootObservation"))
    );
    let (path, old) = asked(Api::V1, Question::Traces, &Scope::default());
    assert_eq!(path, "/api/public/metrics");
    assert_eq!(
        (&old["view"], &old["filters"][0]["column"]),
        (&json!("traces"), &json!("timestamp"))
    );
    assert_eq!(old["filters"].as_array().unwrap().len(), 1);
}

#[test]
fn the_scope_is_part_of_every_question() {
    let scope = Scope {
        types: vec!["GENERATION".to_owned(), "EMBEDDING".to_owned()],
        environment: Some("a & b".to_owned()),
        scores: true,
    };
    for question in Question::ALL {
        let (_, query) = asked(Api::V1, question, &scope);
        let last = query["filters"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["value"], "a & b", "{question:?}");
    }
    let (_, query) = asked(Api::V2, Question::Errors, &scope);
    assert_eq!(query["filters"][1]["value"], json!(["GENERATION", "EMBEDDING"]));
    assert_eq!(query["filters"][2]["value"], "ERROR");
}

#[test]
fn the_first_api_of_version_3_is_not_asked_for_parts() {
    let (_, query) = asked(Api::V1Early, Question::Generations, &Scope::default());
    let measures = query["metrics"].to_string();
    assert!(measures.contains("totalTokens") && !measures.contains("inputTokens"));
}

#[test]
fn the_daily_api_answers_one_question() {
    let scope = Scope { environment: Some("production".to_owned()), ..Scope::default() };
    assert_eq!(
        path(Api::Daily, Question::Generations, window(), &scope).unwrap(),
        "/api/public/metrics/daily?page=1&limit=50&fromTimestamp=2026-11-22T07%3A40%3A00Z\
         &toTimestamp=2026-11-22T07%3A45%3A00Z&environment=production"
    );
    for question in &Question::ALL[1..] {
        assert_eq!(path(Api::Daily, *question, window(), &scope), None);
    }
}
