//! What can be wrong with a configuration.

use std::fmt;
use std::io;

use super::{shown, suggest};

/// A configuration that cannot be used, and why. A daemon that has one exits with
/// [`EXIT_CONFIG`](crate::cli::EXIT_CONFIG); its text is meant to be the whole message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file that was named could not be read.
    #[error("cannot read the configuration file {path} (named by {named_by}): {source}")]
    Unreadable {
        /// The file, as it was named.
        path: String,
        /// `--config` or `environment variable WEIR_CONFIG`.
        named_by: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{path}:{line}:{column}: not valid TOML: {message}")]
    Syntax {
        /// The file, as it was named.
        path: String,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What the parser said.
        message: String,
    },
    /// A key, or a whole table, that nobody knows.
    #[error("{key} is not a known key{}; known here: {} (from {origin})", did_you_mean(.suggestion), list(.known))]
    UnknownKey {
        /// With the path to it: `proxy.uppstream`.
        key: String,
        /// The keys that are known in its place.
        known: Vec<String>,
        /// The known key that was probably meant.
        suggestion: Option<String>,
        /// Where the key was set.
        origin: String,
    },
    /// A key that has no default and was not set.
    #[error("{key} is missing; {hint}")]
    Missing {
        /// With the path to it: `proxy.routes.0.upstream`.
        key: String,
        /// Where to set it.
        hint: String,
    },
    /// A value that cannot be used.
    #[error("{key} = {value}: {problem} (from {origin})")]
    Invalid {
        /// With the path to it: `proxy.admin`.
        key: String,
        /// What was found, in TOML's spelling; a secret is not shown.
        value: String,
        /// What is wrong with it, mostly "expected …".
        problem: String,
        /// Where the value was set.
        origin: String,
    },
}

impl ConfigError {
    /// A value that cannot be used, found by a rule of the daemon's own.
    ///
    /// `value` is shown as it is displayed, unless `key` sounds like a secret; `expected` ends the
    /// sentence "expected …"; for `origin` see [`Loaded::origin`](super::Loaded::origin).
    pub fn invalid(
        key: impl Into<String>,
        value: impl fmt::Display,
        expected: impl fmt::Display,
        origin: impl Into<String>,
    ) -> Self {
        let key = key.into();
        let value = shown::text_of(&key, &value.to_string());
        Self::Invalid { key, value, problem: format!("expected {expected}"), origin: origin.into() }
    }

    /// A key that is none of `known`, its neighbours.
    pub(super) fn unknown(key: String, known: &[&str], origin: String) -> Self {
        let last = key.rsplit('.').next().unwrap_or_default();
        let suggestion = suggest::closest(last, known.iter().copied()).map(str::to_owned);
        let known = known.iter().map(|&key| key.to_owned()).collect();
        Self::UnknownKey { key, known, suggestion, origin }
    }
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|known| format!(", did you mean {known}?")).unwrap_or_default()
}

fn list(known: &[String]) -> String {
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}
