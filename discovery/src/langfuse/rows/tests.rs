use serde_json::json;

use super::*;

fn body(rows: Value) -> Vec<u8> {
    json!({ "data": rows }).to_string().into_bytes()
}

#[test]
fn strings_decimals_and_nulls_are_read() {
    let table = models(&body(json!([
        {"providedModelName": "gpt-4o", "count_count": "3", "sum_inputTokens": "9007199254740993",
         "sum_outputTokens": 5, "sum_totalTokens": null, "sum_totalCost": "0.001230000000",
         "p50_latency": 1500, "p95_latency": "2500.5", "p50_timeToFirstToken": null},
        {"providedModelName": null, "count_count": 1},
    ])))
    .unwrap();
    assert!(!table.is_truncated);
    let [(name, usage), (nameless, other)] = table.rows.as_slice() else { panic!("{table:?}") };
    assert_eq!((name.as_str(), nameless.as_str()), ("gpt-4o", "unknown"));
    assert_eq!(usage.generations, Some(3));
    assert_eq!(usage.input_tokens, Some(9_007_199_254_740_993));
    assert_eq!((usage.output_tokens, usage.total_tokens), (Some(5), None));
    assert_eq!(usage.cost_usd, Some(0.001_23));
    assert_eq!(usage.latency, Percentiles { p50: Some(1.5), p95: Some(2.5005) });
    assert_eq!(usage.time_to_first_token, Percentiles::default());
    assert_eq!(other, &ModelUsage { generations: Some(1), ..ModelUsage::default() });
}

#[test]
fn what_is_not_ours_is_an_error_and_never_a_zero() {
    for rows in [
        json!([{}]),
        json!([{"providedModelName": "m"}]),
        json!([{"count_count": "-1"}]),
        json!([{"count_count": 1, "sum_inputTokens": "many"}]),
        json!([{"count_count": 1, "p50_latency": []}]),
        json!([1]),
        json!({}),
        json!(null),
    ] {
        assert!(models(&body(rows.clone())).is_err(), "{rows}");
    }
    for text in ["", "<html>", "[]", "{}", "{\"data\":"] {
        assert!(models(text.as_bytes()).is_err() && daily(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn costs_that_cannot_be_are_not_known() {
    for (cost, expected) in [("-1", None), ("1e308", None), ("2.5e6", Some(2.5e6))] {
        let row = json!([{"providedModelName": "m", "count_count": 1, "sum_totalCost": cost}]);
        assert_eq!(models(&body(row)).unwrap().rows[0].1.cost_usd, expected, "{cost}");
    }
}

#[test]
fn names_that_are_one_label_are_one_row() {
    let table = counts(&body(json!([
        {"providedModelName": "a\u{7}", "count_count": 5},
        {"providedModelName": "b", "count_count": 4},
        {"providedModelName": "a", "count_count": 2},
    ])));
    assert_eq!(table.unwrap().rows, [("a".to_owned(), 7), ("b".to_owned(), 4)]);
}

#[test]
fn a_thousand_rows_may_not_be_all() {
    let rows = |count: usize| {
        let row = |number| json!({"providedModelName": format!("m{number}"), "count_count": 1});
        body(Value::Array((0..count).map(row).collect()))
    };
    assert!(!counts(&rows(999)).unwrap().is_truncated);
    assert!(counts(&rows(1000)).unwrap().is_truncated);
}

#[test]
fn no_row_is_no_trace() {
    assert_eq!(total(&body(json!([]))), Ok(0));
    assert_eq!(total(&body(json!([{"count_count": "12"}]))), Ok(12));
}

#[test]
fn scores_are_numbers_booleans_or_words() {
    let table = numeric_scores(&body(json!([
        {"name": "quality", "dataType": "NUMERIC", "count_count": "2", "avg_value": 0.75},
        {"name": "correct", "dataType": "BOOLEAN", "count_count": "4", "avg_value": "0.25"},
        {"name": "note", "dataType": "TEXT", "count_count": "1", "avg_value": 0},
    ])));
    let rows = table.unwrap().rows;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].1, NumericScore { is_boolean: true, count: 4, average: Some(0.25) });
    let words = categorical_scores(&body(json!([
        {"name": "tone", "stringValue": "good", "count_count": "3"},
    ])));
    assert_eq!(words.unwrap().rows, [("tone".to_owned(), ("good".to_owned(), 3))]);
}

#[test]
fn days_are_summed_and_what_has_no_model_is_no_generation() {
    let usage = |model: Value, tokens: u64, observations: u64| {
        json!({"model": model, "inputUsage": tokens, "outputUsage": "2", "totalUsage": tokens + 2,
               "totalCost": 0.5, "countObservations": observations, "countTraces": 1})
    };
    let spans = json!({"model": null, "inputUsage": 0, "outputUsage": 0, "totalUsage": 0,
                       "totalCost": 0, "countObservations": 9, "countTraces": 1});
    let (table, traces) = daily(&body(json!([
        {"date": "2026-11-22", "countTraces": 3, "usage": [usage(json!("m"), 10, 2), spans]},
        {"date": "2026-11-21", "countTraces": "1", "usage": [usage(json!("m"), 20, 1), usage(json!(null), 5, 7)]},
    ])))
    .unwrap();
    assert_eq!(traces, 4);
    let [(name, usage), (nameless, other)] = table.rows.as_slice() else { panic!("{table:?}") };
    assert_eq!((name.as_str(), usage.generations, usage.input_tokens), ("m", Some(3), Some(30)));
    assert_eq!(usage.cost_usd, Some(1.0));
    assert_eq!(
        (nameless.as_str(), other.generations, other.input_tokens),
        ("unknown", None, Some(5))
    );
}
