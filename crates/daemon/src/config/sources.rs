//! Merging the layers and reading a daemon's table out of them.

use std::fmt;
use std::net::SocketAddr;

use figment::value::{Dict, Tag, Value};
use figment::{Figment, Profile, Provider};
use serde::Deserialize as _;
use serde::de::DeserializeOwned;

use super::node::Node;
use super::{ConfigError, Layers, Table, environment, file, shown};

/// The origin of a value that no layer set.
pub(super) const BUILT_IN: &str = "built-in default";

/// All layers, read and merged; holds every table of the file.
#[derive(Clone, Debug)]
pub struct Sources {
    merged: Figment,
    values: Value,
}

impl Sources {
    /// Reads the file and the environment, and checks that there are no tables but the known ones.
    pub fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let mut merged = Figment::new();
        if let Some((path, named_by)) = layers.named_file() {
            merged = merged.merge(file::read(path, named_by)?);
        }
        for layer in environment::layers(layers.environment())? {
            merged = merged.merge(layer);
        }
        for layer in layers.flags() {
            merged = merged.merge(layer);
        }
        // No layer of ours fails to give its data, so there is always something merged.
        let profiles = merged.data().ok();
        let values = profiles.and_then(|mut map| map.remove(&Profile::Default)).unwrap_or_default();
        let sources = Self { merged, values: Value::Dict(Tag::Default, values) };
        sources.check_tables()?;
        Ok(sources)
    }

    /// Reads one table; a table that nobody set is read as an empty one.
    pub fn table<T: DeserializeOwned>(&self, table: Table) -> Result<Loaded<T>, ConfigError> {
        let empty = Value::from(Dict::new());
        let value = self.find(table.as_str()).unwrap_or(&empty);
        let value = T::deserialize(Node::new(value, &self.merged))
            .map_err(|failure| failure.into_error(table.as_str()))?;
        Ok(Loaded { value, sources: self.clone() })
    }

    /// The address at a key of a table, whatever else is there; `None`: nobody set it.
    ///
    /// # Errors
    /// Where the value is no address.
    pub fn address(&self, table: Table, key: &str) -> Result<Option<SocketAddr>, ConfigError> {
        let table = table.as_str();
        let Some(value) = self.find(&format!("{table}.{key}")) else { return Ok(None) };
        let address = SocketAddr::deserialize(Node::new(value, &self.merged));
        address.map(Some).map_err(|failure| failure.below(key).into_error(table))
    }

    fn check_tables(&self) -> Result<(), ConfigError> {
        let known = Table::ALL.map(Table::as_str);
        for (key, value) in self.values.as_dict().into_iter().flatten() {
            let origin = self.origin_of(value);
            if !known.contains(&key.as_str()) {
                return Err(ConfigError::unknown(key.clone(), &known, origin));
            }
            if value.as_dict().is_none() {
                let found = shown::value_of(key, value);
                return Err(ConfigError::invalid(key, found, format!("a table, [{key}]"), origin));
            }
        }
        Ok(())
    }

    /// The value at a path of keys and indices.
    fn find(&self, key: &str) -> Option<&Value> {
        key.split('.').try_fold(&self.values, child)
    }

    fn origin_of(&self, value: &Value) -> String {
        let metadata = self.merged.get_metadata(value.tag());
        metadata.map_or_else(|| BUILT_IN.to_owned(), |metadata| metadata.name.clone().into_owned())
    }

    /// Where the value of `key` came from; a part of a value came from where the whole did.
    fn origin(&self, key: &str) -> String {
        let mut value = &self.values;
        for step in key.split('.') {
            match child(value, step) {
                Some(inner) => value = inner,
                None if value.as_dict().is_some() => return BUILT_IN.to_owned(),
                None => break,
            }
        }
        self.origin_of(value)
    }
}

/// The value of the key, or of the index, `step` in `value`.
fn child<'a>(value: &'a Value, step: &str) -> Option<&'a Value> {
    match value {
        Value::Dict(_, table) => table.get(step),
        Value::Array(_, items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    }
}

/// A table as the daemon's own type, which still knows where each key came from.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// The table.
    pub value: T,
    sources: Sources,
}

impl<T> Loaded<T> {
    /// Where the value of `key` (`proxy.listen`, `proxy.routes.0.usage`) came from:
    /// `/etc/weir.toml`, `environment variable WEIR_PROXY__LISTEN`, `--listen on the command line`
    /// or `built-in default`.
    pub fn origin(&self, key: &str) -> String {
        self.sources.origin(key)
    }

    /// Whether any layer set `key`; for rules about keys that exclude each other.
    pub fn is_set(&self, key: &str) -> bool {
        self.sources.find(key).is_some()
    }

    /// An error about the value of `key`, with its origin; see [`ConfigError::invalid`].
    pub fn invalid(
        &self,
        key: &str,
        value: impl fmt::Display,
        expected: impl fmt::Display,
    ) -> ConfigError {
        ConfigError::invalid(key, value, expected, self.origin(key))
    }
}
