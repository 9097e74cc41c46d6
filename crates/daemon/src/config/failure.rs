//! What serde says when it cannot read a value, with the path, the value and the origin that it was
//! at.

use std::fmt;

use figment::value::Value;
use serde::de::{Error, Expected, Unexpected};

use super::{ConfigError, expectation, shown};

/// Why a type could not be read. Each level that it passes on its way out adds what it knows.
#[derive(Debug)]
pub(super) struct Failure {
    reason: Reason,
    /// Keys and indices, innermost last.
    path: Vec<String>,
    found: Option<Box<Value>>,
    origin: Option<String>,
}

#[derive(Debug)]
enum Reason {
    Problem(String),
    Unknown { known: &'static [&'static str] },
    Missing { field: &'static str },
}

impl Failure {
    fn new(reason: Reason) -> Self {
        Self { reason, path: Vec::new(), found: None, origin: None }
    }

    /// Notes that it happened below the key or index `step`.
    pub(super) fn below(mut self, step: &str) -> Self {
        self.path.insert(0, step.to_owned());
        self
    }

    /// Notes that it happened at `value`, unless it was noted further in.
    pub(super) fn at(mut self, value: &Value, origin: Option<&str>) -> Self {
        if self.found.is_none() {
            self.found = Some(Box::new(value.clone()));
        }
        if self.origin.is_none() {
            self.origin = origin.map(str::to_owned);
        }
        self
    }

    /// The error to report, for a failure below `table`.
    pub(super) fn into_error(self, table: &str) -> ConfigError {
        let Self { reason, mut path, found, origin } = self;
        path.insert(0, table.to_owned());
        let origin = origin.unwrap_or_else(|| super::sources::BUILT_IN.to_owned());
        match reason {
            Reason::Problem(problem) => {
                let key = path.join(".");
                let value =
                    found.map_or_else(|| "nothing".to_owned(), |v| shown::value_of(&key, &v));
                ConfigError::Invalid { key, value, problem, origin }
            }
            Reason::Unknown { known } => ConfigError::unknown(path.join("."), known, origin),
            Reason::Missing { field } => {
                path.push(field.to_owned());
                ConfigError::Missing { key: path.join("."), hint: where_to_set(&path, &origin) }
            }
        }
    }
}

/// Where a missing key can be set: an element of an array has no environment variables of its own.
fn where_to_set(path: &[String], origin: &str) -> String {
    if path.iter().any(|step| step.parse::<usize>().is_ok()) {
        return format!("it has no default, and the entry from {origin} does not set it");
    }
    let name = path.join("__").to_ascii_uppercase();
    format!("it has no default: set it in the file or with the environment variable WEIR_{name}")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.reason)
    }
}

impl std::error::Error for Failure {}

impl Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Reason::Problem(expectation::problem(&message.to_string())))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expectation::plain(&expected.to_string());
        Self::new(Reason::Problem(format!("expected {expected}")))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(Reason::Problem(format!("expected {expected}, not {length}")))
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(Reason::Problem(format!("expected {}", expectation::one_of(known))))
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(Reason::Unknown { known })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Reason::Missing { field })
    }
}
