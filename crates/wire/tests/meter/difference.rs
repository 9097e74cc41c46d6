//! Where two JSON values differ, one line for each place.

use serde_json::Value;

/// The differences, with the path of each.
pub(crate) fn between(expected: &Value, found: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", expected, found, &mut lines);
    lines
}

fn compare(path: &str, expected: &Value, found: &Value, lines: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys: Vec<_> = left.keys().chain(right.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let side = |object: &serde_json::Map<String, Value>| object.get(key).cloned();
                match (side(left), side(right)) {
                    (Some(left), Some(right)) => {
                        compare(&format!("{path}.{key}"), &left, &right, lines);
                    }
                    (Some(left), None) => lines.push(format!("{path}.{key}: {left} is gone")),
                    (None, right) => lines.push(format!("{path}.{key}: {right:?} is new")),
                }
            }
        }
        _ if expected == found => {}
        _ => lines.push(format!("{path}: expected {expected}, found {found}")),
    }
}
