//! How LangFuse answers a query: views, dimensions, filters and aggregations, as far as they are used. As
//! with the real one, `toTimestamp` belongs to what is asked for, and 64-bit numbers are strings.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Value as Json, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::world::{Observation, Score, Value, World, micros};

/// A record as a query sees it.
type Record = Map<String, Json>;

/// Which views and measures there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// 3.57, without tokens of input and output and without a limit of rows.
    Early,
    V1,
    V2,
}

/// The answer to `query`; an error is a 400.
pub(crate) fn answer(world: &World, dialect: Dialect, query: &Json) -> Result<Json, String> {
    let view = query["view"].as_str().ok_or("no view")?;
    // The end belongs to it: a whole millisecond, and compared as such.
    let times = instant(&query["fromTimestamp"])?..=instant(&query["toTimestamp"])?;
    let (time, records) = view_of(world, dialect, view, &times)?;
    let mut kept = Vec::new();
    for record in records {
        if passes(&record, time, &query["filters"])? {
            kept.push(record);
        }
    }
    let dimensions: Vec<&str> = strings(&query["dimensions"], "field");
    let mut groups: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for record in kept {
        let key: Vec<&Json> = dimensions.iter().map(|name| &record[*name]).collect();
        groups.entry(json!(key).to_string()).or_default().push(record);
    }
    if dimensions.is_empty() && groups.is_empty() {
        groups.insert(String::new(), Vec::new());
    }
    let mut rows = Vec::new();
    for records in groups.values() {
        rows.push(row(dialect, &dimensions, query, records)?);
    }
    let count = |row: &Record| row["count_count"].as_str().unwrap().parse::<u64>().unwrap();
    rows.sort_by_key(|row| std::cmp::Reverse(count(row)));
    if let (false, Some(limit)) = (dialect == Dialect::Early, query["config"]["row_limit"].as_u64())
    {
        rows.truncate(limit as usize);
    }
    Ok(json!({"data": rows}))
}

fn row(
    dialect: Dialect,
    dimensions: &[&str],
    query: &Json,
    records: &[Record],
) -> Result<Record, String> {
    let mut row = Record::new();
    for name in dimensions {
        row.insert((*name).to_owned(), records[0][*name].clone());
    }
    for metric in query["metrics"].as_array().ok_or("no metrics")? {
        let measure = metric["measure"].as_str().ok_or("no measure")?;
        let aggregation = metric["aggregation"].as_str().ok_or("no aggregation")?;
        let is_new = matches!(measure, "inputTokens" | "outputTokens");
        if dialect == Dialect::Early && is_new {
            return Err(format!("Invalid metric {measure}"));
        }
        let value = aggregate(measure, aggregation, records)?;
        row.insert(format!("{aggregation}_{measure}"), value);
    }
    Ok(row)
}

fn aggregate(measure: &str, aggregation: &str, records: &[Record]) -> Result<Json, String> {
    if measure == "count" {
        return Ok(json!(records.len().to_string()));
    }
    let mut numbers: Vec<f64> = records.iter().filter_map(|one| one[measure].as_f64()).collect();
    numbers.sort_by(f64::total_cmp);
    let quantile = |q: f64| {
        let last = numbers.len().checked_sub(1)?;
        numbers.get((q * last as f64).round() as usize).copied()
    };
    let sum: f64 = numbers.iter().sum();
    Ok(match aggregation {
        "sum" if measure == "totalCost" => json!(format!("{sum:.12}")),
        "sum" => json!(format!("{sum:.0}")),
        "avg" => json!((!numbers.is_empty()).then(|| sum / numbers.len() as f64)),
        "p50" => json!(quantile(0.5)),
        "p95" => json!(quantile(0.95)),
        other => return Err(format!("Invalid aggregation {other}")),
    })
}

fn passes(record: &Record, time: &str, filters: &Json) -> Result<bool, String> {
    for filter in filters.as_array().into_iter().flatten() {
        let column = filter["column"].as_str().ok_or("no column")?;
        let found = record.get(column).ok_or_else(|| format!("Invalid filter column {column}"))?;
        let operator = filter["operator"].as_str().ok_or("no operator")?;
        let value = &filter["value"];
        let passed = match (filter["type"].as_str().ok_or("no type")?, operator) {
            ("datetime", "<") if column == time => found.as_u64().unwrap() < instant(value)?,
            ("string" | "boolean", "=") => found == value,
            ("stringOptions", "any of") => value.as_array().ok_or("no list")?.contains(found),
            other => return Err(format!("Invalid filter {other:?}")),
        };
        if !passed {
            return Ok(false);
        }
    }
    Ok(true)
}

fn view_of(
    world: &World,
    dialect: Dialect,
    view: &str,
    times: &RangeInclusive<u64>,
) -> Result<(&'static str, Vec<Record>), String> {
    let now = micros(std::time::SystemTime::now());
    let observations = || {
        let is_in = |one: &&Observation| times.contains(&kept_as(one.start, dialect));
        world.observations.iter().filter(move |one| one.visible <= now).filter(is_in)
    };
    let scores = |is_word: bool| {
        let is_one = move |one: &&Score| matches!(one.value, Value::Word(_)) == is_word;
        let is_in = |one: &&Score| times.contains(&kept_as(one.time, Dialect::V1));
        world.scores.iter().filter(is_one).filter(is_in).map(score).collect()
    };
    Ok(match (view, dialect) {
        ("observations", _) => {
            ("start_time", observations().map(|one| observation(one, dialect)).collect())
        }
        ("traces", Dialect::V1 | Dialect::Early) => {
            let record =
                |one: &Observation| object(json!({"timestamp": kept_as(one.start, dialect)}));
            ("timestamp", observations().filter(|one| one.is_root).map(record).collect())
        }
        ("scores-numeric", _) => ("timestamp", scores(false)),
        ("scores-categorical", _) => ("timestamp", scores(true)),
        (other, _) => return Err(format!("Invalid view {other}")),
    })
}

/// Version 3 keeps milliseconds, and so do scores.
fn kept_as(time: u64, dialect: Dialect) -> u64 {
    if dialect == Dialect::V2 { time } else { time / 1000 * 1000 }
}

fn observation(one: &Observation, dialect: Dialect) -> Record {
    let mut record = object(json!({
        "start_time": kept_as(one.start, dialect), "type": one.kind, "providedModelName": one.model, "level": one.level,
        "environment": one.environment, "inputTokens": one.input, "outputTokens": one.output,
        "totalTokens": one.input + one.output, "totalCost": one.cost as f64 / 1e6,
        "latency": one.latency, "timeToFirstToken": one.first_token,
    }));
    if dialect == Dialect::V2 {
        record.insert("isRootObservation".to_owned(), json!(one.is_root));
    }
    record
}

fn score(one: &Score) -> Record {
    let (kind, value, word) = match &one.value {
        Value::Number(number) => ("NUMERIC", json!(number), Json::Null),
        Value::Boolean(yes) => ("BOOLEAN", json!(u8::from(*yes)), Json::Null),
        Value::Word(word) => ("CATEGORICAL", Json::Null, json!(word)),
    };
    object(json!({
        "timestamp": kept_as(one.time, Dialect::V1), "name": one.name, "dataType": kind, "value": value,
        "stringValue": word,
    }))
}

fn object(value: Json) -> Record {
    value.as_object().unwrap().clone()
}

fn strings<'a>(list: &'a Json, key: &str) -> Vec<&'a str> {
    list.as_array().into_iter().flatten().filter_map(|item| item[key].as_str()).collect()
}

/// In microseconds; as JavaScript would, to the millisecond.
pub(crate) fn instant(text: &Json) -> Result<u64, String> {
    let text = text.as_str().ok_or("no time")?;
    let instant = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "Invalid ISO datetime")?;
    Ok(micros(instant.into()) / 1000 * 1000)
}
