//! What can be wrong with a scenario.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::shipped;

/// Why a scenario cannot be used. Its text says which key, what was found, what was expected, and where.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScenarioError {
    #[error(
        "there is no scenario {name:?}{}; shipped are {}; a file has a slash in its name or ends in .toml",
        did_you_mean(.name),
        shipped::names().collect::<Vec<_>>().join(", ")
    )]
    Unknown { name: String },
    #[error("reading {}", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is larger than {} MiB", .path.display(), .limit >> 20)]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("the scenario names no model")]
    NoModel,
    /// One or more, a line each.
    #[error("{}", lines(.0))]
    Wrong(Vec<Problem>),
}

impl ScenarioError {
    /// `line` of the file `path` is wrong.
    pub(crate) fn in_file(path: &Path, line: usize, text: impl Into<String>) -> Self {
        Self::Wrong(vec![Problem::new(text).at(path, line)])
    }
}

/// Something wrong, and where, if it came from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    place: Option<(PathBuf, usize)>,
    text: String,
}

impl Problem {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { place: None, text: text.into() }
    }

    /// `line` counts from 1.
    pub(super) fn at(mut self, path: &Path, line: usize) -> Self {
        self.place = Some((path.to_owned(), line));
        self
    }

    /// Which line of its file, for the order in which they are said.
    pub(super) fn line(&self) -> usize {
        self.place.as_ref().map_or(0, |(_, line)| *line)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some((path, line)) => write!(f, "{}:{line}: {}", path.display(), self.text),
            None => f.write_str(&self.text),
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

fn did_you_mean(name: &str) -> String {
    weir_daemon::config::closest(name, shipped::names())
        .map(|known| format!(", did you mean {known}?"))
        .unwrap_or_default()
}
