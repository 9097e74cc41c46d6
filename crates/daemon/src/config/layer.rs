//! One layer of the configuration: some values and the one place that they all came from.

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

/// How the origin of an environment variable's value begins.
const ENVIRONMENT: &str = "environment variable ";

/// Values and their origin, in the words that a message uses for it.
pub(super) struct Layer {
    origin: String,
    values: Dict,
}

impl Layer {
    /// The values of the file at `path`.
    pub(super) fn of_file(path: &str, values: Dict) -> Self {
        Self { origin: path.to_owned(), values }
    }

    /// The text of one environment variable. It stays text until the key's type is known.
    pub(super) fn of_variable(name: &str, path: &[String], text: &str) -> Self {
        Self { origin: variable(name), values: nest(path, Value::from(text)) }
    }

    /// The value of one flag.
    pub(super) fn of_flag(flag: &str, key: &str, value: Value) -> Self {
        let path: Vec<_> = key.split('.').map(str::to_owned).collect();
        Self { origin: format!("{flag} on the command line"), values: nest(&path, value) }
    }
}

/// The origin of what the variable `name` sets.
pub(super) fn variable(name: &str) -> String {
    format!("{ENVIRONMENT}{name}")
}

/// Whether values of this origin are text that has not been parsed.
pub(super) fn is_unparsed(origin: &str) -> bool {
    origin.starts_with(ENVIRONMENT)
}

/// `value` at `path`, as nested tables.
fn nest(path: &[String], value: Value) -> Dict {
    let nested =
        path.iter().rev().fold(value, |inner, key| Dict::from([(key.clone(), inner)]).into());
    nested.into_dict().unwrap_or_default()
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}
