//! Options on a command line, as Python's argparse reads them.

use std::collections::BTreeMap;

/// Options that stand alone. Others whose names begin with one of [`ALONE_PREFIXES`] do as well; the rest
/// take what follows. It matters only where the model's name stands behind options.
const ALONE: [&str; 14] = [
    "allow-credentials",
    "async-scheduling",
    "calculate-kv-scales",
    "data-parallel-external-lb",
    "data-parallel-hybrid-lb",
    "enforce-eager",
    "fully-sharded-loras",
    "headless",
    "language-model-only",
    "log-error-stack",
    "return-tokens-as-token-ids",
    "skip-mm-profiling",
    "skip-tokenizer-init",
    "trust-remote-code",
];

const ALONE_PREFIXES: [&str; 5] = ["enable-", "disable-", "no-", "use-", "async-"];

/// Options that take everything up to the next option.
const SEVERAL: [&str; 6] = [
    "api-key",
    "cuda-graph-sizes",
    "cudagraph-capture-sizes",
    "device-ids",
    "lora-modules",
    "served-model-name",
];

/// What stands on a command line behind the program. Of an option that is there twice the last counts.
#[derive(Debug, Default)]
pub(super) struct Options {
    given: BTreeMap<String, Vec<String>>,
    /// What belongs to no option.
    pub(super) positional: Vec<String>,
}

impl Options {
    pub(super) fn of(words: &[String]) -> Self {
        let mut options = Self::default();
        let mut rest = words.iter().map(String::as_str).peekable();
        while let Some(word) = rest.next() {
            if word == "--" {
                options.positional.extend(rest.map(str::to_owned));
                break;
            }
            if !is_option(word) {
                options.positional.push(word.to_owned());
                continue;
            }
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            let name = name.trim_start_matches('-').replace('_', "-");
            let most = match inline {
                Some(_) => 0,
                None if stands_alone(&name) => 0,
                None if SEVERAL.contains(&name.as_str()) => usize::MAX,
                None => 1,
            };
            let mut values: Vec<_> = inline.map(str::to_owned).into_iter().collect();
            while values.len() < most {
                let Some(value) = rest.next_if(|next| !is_option(next) && *next != "--") else {
                    break;
                };
                values.push(value.to_owned());
            }
            options.given.insert(name, values);
        }
        options
    }

    /// Whether it is there, with or without a value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// Its value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).first().map(String::as_str)
    }

    /// Its values.
    pub(super) fn all(&self, name: &str) -> &[String] {
        self.given.get(name).map_or(&[], Vec::as_slice)
    }
}

/// A negative number is a value, and so is what has a space in it.
fn is_option(word: &str) -> bool {
    let Some(name) = word.strip_prefix('-') else { return false };
    let first = name.trim_start_matches('-').chars().next();
    first.is_some_and(|c| c.is_ascii_alphabetic())
        && !word.split('=').next().unwrap_or_default().contains(' ')
}

fn stands_alone(name: &str) -> bool {
    // `-O3`
    let level = name.strip_prefix('O').is_some_and(|level| level.parse::<u8>().is_ok());
    level || ALONE.contains(&name) || ALONE_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
