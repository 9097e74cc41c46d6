//! In what two runs are not alike, besides their figures. Pure.

use serde::Serialize;
use serde_json::{Map, Value};

use super::comparison::Unlike;
use crate::report::Report;

/// So many are named.
const MOST: usize = 20;
/// Letters of a value.
const MOST_LETTERS: usize = 80;

/// What stands for what one side does not have.
const ABSENT: &str = "–";

/// Target, scenario and environment, member by member.
pub(super) fn unlike(a: &Report, b: &Report) -> Vec<Unlike> {
    let mut found = Vec::new();
    walk("", &parts(a), &parts(b), &mut found);
    let beyond = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    if beyond > 0 {
        let none = || String::new();
        found.push(Unlike { what: format!("{beyond} more"), a: none(), b: none() });
    }
    found
}

fn parts(report: &Report) -> Value {
    let mut scenario = value(&report.scenario);
    if let Value::Object(scenario) = &mut scenario {
        // Words, and what every run has of its own.
        for member in ["description", "salt"] {
            scenario.remove(member);
        }
    }
    let parts = [
        ("target", value(&report.target)),
        ("scenario", scenario),
        ("environment", value(&report.environment)),
    ];
    Value::Object(parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect())
}

/// Both are plain data, which always has a JSON.
fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

fn walk(path: &str, a: &Value, b: &Value, found: &mut Vec<Unlike>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => members(path, a, b, found),
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (at, (a, b)) in ours.iter().zip(theirs).enumerate() {
                walk(&format!("{path}[{at}]"), a, b, found);
            }
        }
        (a, b) if a != b => {
            found.push(Unlike { what: path.to_owned(), a: shown(a), b: shown(b) });
        }
        _ => {}
    }
}

fn members(path: &str, a: &Map<String, Value>, b: &Map<String, Value>, found: &mut Vec<Unlike>) {
    let only_theirs = b.keys().filter(|name| !a.contains_key(*name));
    for name in a.keys().chain(only_theirs) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let of = |side: &Map<String, Value>| side.get(name).cloned().unwrap_or_default();
        walk(&path, &of(a), &of(b), found);
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => ABSENT.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{EngineFacts, samples};
    use crate::scenario::{Lengths, ModelShare};

    #[test]
    fn what_is_not_alike_is_named() {
        let mut a = samples::report("a");
        let engine = |version: &str| EngineFacts {
            name: Some("vllm".to_owned()),
            version: Some(version.to_owned()),
            ..EngineFacts::default()
        };
        a.environment.engines = vec![engine("0.31.0")];
        a.environment.labels = [("gpu".to_owned(), "h200".to_owned())].into();
        let mut b = a.clone();
        assert_eq!(unlike(&a, &b), []);

        b.target = "http://127.0.0.1:8000".to_owned();
        b.scenario.description = "Not worth a line.".to_owned();
        b.scenario.salt = Some(7);
        b.scenario.prompt.tokens = Lengths::Fixed(9);
        b.scenario.models = vec![ModelShare { name: "x".repeat(99), weight: 1.0 }];
        b.environment.engines = vec![engine("0.32.0")];
        b.environment.labels.clear();
        let found = unlike(&a, &b);
        let said: Vec<_> =
            found.iter().map(|Unlike { what, a, b }| format!("{what}: {a} | {b}")).collect();
        assert_eq!(
            said,
            [
                "environment.engines[0].version: 0.31.0 | 0.32.0".to_owned(),
                "environment.labels: {\"gpu\":\"h200\"} | –".to_owned(),
                format!("scenario.models: [] | [{{\"name\":\"{}…", "x".repeat(70)),
                "scenario.prompt.tokens: 128 | 9".to_owned(),
                "target: http://127.0.0.1:9800 | http://127.0.0.1:8000".to_owned(),
            ]
        );
    }
}
