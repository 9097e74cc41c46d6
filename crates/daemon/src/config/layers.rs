//! Where configuration is to be read from: a plain description, nothing is read here but the
//! environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use figment::value::Value;

use super::layer::{self, Layer};
use crate::cli::CommonArgs;

/// The variable that names the configuration file where `--config` does not.
const FILE_VARIABLE: &str = "WEIR_CONFIG";

/// Where a daemon's configuration comes from. Keep it: a reload reads the same layers again.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    file: Option<PathBuf>,
    environment: Vec<(String, String)>,
    overrides: Vec<Override>,
}

/// A value that a flag gives to a key.
#[derive(Clone, Debug)]
struct Override {
    flag: &'static str,
    key: &'static str,
    value: Value,
}

impl Layers {
    /// No file, an empty environment, no flags: the defaults alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// The file that `--config` names and the environment of this process.
    ///
    /// Bytes of a variable that are not UTF-8 are replaced (U+FFFD), so that they show in the error
    /// message.
    pub fn of_process(args: &CommonArgs) -> Self {
        let text = |os: OsString| os.to_string_lossy().into_owned();
        let pairs = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        let layers = Self::new().with_environment(pairs);
        match &args.config {
            Some(path) => layers.with_file(path),
            None => layers,
        }
    }

    /// Names the file to read, before `WEIR_CONFIG`.
    pub fn with_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Takes these variables for the environment. Those that are not ours are ignored.
    pub fn with_environment<I, N, V>(mut self, pairs: I) -> Self
    where
        I: IntoIterator<Item = (N, V)>,
        N: Into<String>,
        V: Into<String>,
    {
        self.environment = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .filter(|(name, value)| name.starts_with("WEIR_") && !value.is_empty())
            .collect();
        // Two variables may touch one key (`…__A` and `…__A__B`): let the order never depend on the
        // system's.
        self.environment.sort();
        self
    }

    /// Lets `flag` (`--listen`) set `key` (`proxy.listen`), over everything else.
    pub fn with_override(
        mut self,
        flag: &'static str,
        key: &'static str,
        value: impl Into<Value>,
    ) -> Self {
        self.overrides.push(Override { flag, key, value: value.into() });
        self
    }

    /// The configuration file, if one is named; to watch it for changes, say.
    pub fn path(&self) -> Option<&Path> {
        self.named_file().map(|(path, _)| path)
    }

    /// The configuration file and who named it.
    pub(super) fn named_file(&self) -> Option<(&Path, String)> {
        if let Some(path) = &self.file {
            return Some((path, "--config".to_owned()));
        }
        let (name, value) = self.environment.iter().find(|(name, _)| name == FILE_VARIABLE)?;
        Some((Path::new(value), layer::variable(name)))
    }

    /// The variables whose names begin with `WEIR_`, sorted by name.
    pub(super) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// One layer per flag, in the order in which they were given.
    pub(super) fn flags(&self) -> impl Iterator<Item = Layer> {
        self.overrides.iter().map(|set| Layer::of_flag(set.flag, set.key, set.value.clone()))
    }
}
