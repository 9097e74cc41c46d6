//! The keys of a scenario file, to tell all that are misspelt at once, with their lines. A test holds them to the types.

use weir_daemon::config::closest;

/// What may stand at a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    /// One value, or a list of plain ones.
    Value,
    /// A table with these keys, or a list of such tables.
    Table(&'static [(&'static str, Self)]),
    /// Whatever the user likes.
    Anything,
}

use Known::{Anything, Table, Value};

const LENGTHS: Known = Table(&[
    ("distribution", Value),
    ("min", Value),
    ("max", Value),
    ("mean", Value),
    ("stddev", Value),
    ("median", Value),
    ("sigma", Value),
    ("values", Value),
    ("weights", Value),
]);

const LOAD: Known = Table(&[
    ("kind", Value),
    ("concurrency", Value),
    ("rate", Value),
    ("arrivals", Value),
    ("max_in_flight", Value),
    ("stages", Table(&[("rate", Value), ("concurrency", Value), ("for", Value)])),
    ("file", Value),
    ("speed", Value),
]);

const PROMPT: Known = Table(&[
    ("tokens", LENGTHS),
    ("shared_prefix", Value),
    ("prefix_groups", Value),
    ("file", Value),
]);

const SLO: Known = Table(&[
    ("time_to_first_token", Value),
    ("time_per_output_token", Value),
    ("inter_token_latency", Value),
    ("duration", Value),
    ("share", Value),
]);

/// Of the whole file.
pub(super) const SCENARIO: Known = Table(&[
    ("name", Value),
    ("description", Value),
    ("endpoint", Value),
    ("stream", Value),
    ("models", Table(&[("name", Value), ("weight", Value)])),
    ("seed", Value),
    ("salt", Value),
    ("requests", Value),
    ("duration", Value),
    ("warm_up", Value),
    ("timeout", Value),
    ("grace", Value),
    ("load", LOAD),
    ("prompt", PROMPT),
    ("output", Table(&[("tokens", LENGTHS), ("ignore_eos", Value)])),
    ("conversation", Table(&[("turns", LENGTHS), ("pause", Value)])),
    ("slo", SLO),
    ("search", Table(&[("from", Value), ("to", Value), ("for", Value), ("precision", Value)])),
    ("body", Anything),
    ("headers", Anything),
    ("capture", Value),
]);

impl Known {
    /// What may stand at `key` below this; `None`: there is no such key.
    pub(super) fn below(self, key: &str) -> Option<Self> {
        match self {
            // The value itself is wrong there: its type says so.
            Value | Anything => Some(Anything),
            Table(keys) => keys.iter().find(|(known, _)| *known == key).map(|(_, below)| *below),
        }
    }

    /// What is wrong with `key`, which is none of those of this table; `path` is the whole way to it.
    pub(super) fn unknown(self, path: &str, key: &str) -> String {
        let names = || match self {
            Table(keys) => keys.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            Value | Anything => Vec::new(),
        };
        let near = closest(key, names()).map(|near| format!(", did you mean {near}?"));
        let near = near.unwrap_or_default();
        format!("{path} is not a known key{near}; known here: {}", names().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    /// The keys that serde knows where `text` has the key `zzz`.
    fn known_to_serde(text: &str) -> Vec<String> {
        let error = toml::from_str::<Scenario>(text).unwrap_err();
        let (_, keys) = error.message().rsplit_once("expected ").expect("a list of keys");
        let mut keys: Vec<_> = keys.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        keys.sort();
        keys
    }

    #[test]
    fn the_keys_are_those_of_the_types() {
        for (path, text) in [
            (&[][..], "zzz = 1"),
            (&["load"], "load.zzz = 1"),
            (&["load", "stages"], "load.stages = [{ zzz = 1 }]"),
            (&["models"], "models = [{ zzz = 1 }]"),
            (&["prompt"], "prompt.zzz = 1"),
            (&["prompt", "tokens"], "prompt.tokens.zzz = 1"),
            (&["output"], "output.zzz = 1"),
            (&["output", "tokens"], "output.tokens.zzz = 1"),
            (&["conversation"], "conversation.zzz = 1"),
            (&["conversation", "turns"], "conversation.turns.zzz = 1"),
            (&["slo"], "slo.zzz = 1"),
            (&["search"], "search.zzz = 1"),
        ] {
            let table = path.iter().fold(SCENARIO, |known, key| known.below(key).expect(key));
            let Table(keys) = table else { panic!("{path:?} is a table") };
            let mut keys: Vec<_> = keys.iter().map(|(key, _)| (*key).to_owned()).collect();
            keys.sort();
            assert_eq!(keys, known_to_serde(text), "{path:?}");
        }
    }

    /// Every key, as the documentation writes it.
    fn paths(known: Known, path: &str, all: &mut Vec<String>) {
        let Table(keys) = known else { return all.push(path.to_owned()) };
        for (key, below) in keys {
            // Lengths and lists of tables are explained by what they hold.
            let inner = matches!(
                (path, *key),
                ("", "load" | "prompt" | "output" | "conversation" | "slo" | "search")
            );
            let path = if path.is_empty() { (*key).to_owned() } else { format!("{path}.{key}") };
            if inner { paths(*below, &path, all) } else { all.push(path) }
        }
    }

    #[test]
    fn every_key_is_documented() {
        let text = include_str!("../../../LOADTEST.md");
        let mut all = Vec::new();
        paths(SCENARIO, "", &mut all);
        assert!(all.len() > 30, "{all:?}");
        for key in all {
            assert!(text.contains(&format!("`{key}`")), "LOADTEST.md, \"Keys\", has no `{key}`");
        }
    }
}
