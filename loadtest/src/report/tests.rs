use std::collections::BTreeSet;

use serde_json::Value;

use super::{LATENCIES, samples};

/// The paths of all members; those of maps by name are `*`.
fn members(value: &Value, path: &str, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let is_map = MAPS.contains(&path);
                let path = format!("{path}.{}", if is_map { "*" } else { name });
                members(value, &path, all);
            }
        }
        Value::Array(values) => {
            for value in values {
                members(value, &format!("{path}[]"), all);
            }
        }
        _ => {
            all.insert(path.trim_start_matches('.').to_owned());
        }
    }
}

/// Members that are names of the user's, or of a closed list that stands elsewhere.
const MAPS: [&str; 8] = [
    ".models",
    ".summary.outcomes",
    ".summary.latencies",
    ".environment.labels",
    ".environment.gpus",
    ".environment.engines[].flags",
    ".scenario.headers",
    ".scenario.body",
];

#[test]
fn members_are_a_contract() {
    let report = serde_json::to_value(samples::full()).unwrap();
    let mut found = BTreeSet::new();
    members(&report, "", &mut found);
    let found: Vec<_> = found.into_iter().collect();
    let known: Vec<_> = include_str!("members.txt").lines().collect();
    assert_eq!(found, known, "a change of members gets a line in CHANGELOG.md");
}

#[test]
fn what_is_written_can_be_read() {
    for report in [samples::full(), samples::report("empty")] {
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<super::Report>(&text).unwrap(), report);
    }
}

#[test]
fn every_latency_is_documented() {
    let text = include_str!("../../../LOADTEST.md");
    for (name, _) in LATENCIES {
        assert!(
            text.contains(&format!("`{name}`")) || name == "scheduled_to_end",
            "LOADTEST.md has no `{name}`"
        );
    }
}
