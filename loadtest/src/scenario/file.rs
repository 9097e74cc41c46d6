//! Reading a scenario file.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use toml_edit::ImDocument;

use super::places::Places;
use super::shipped::SHIPPED;
use super::{Load, Problem, Scenario, ScenarioError};

/// More is no scenario.
const MOST_BYTES: u64 = 1 << 20;

impl Scenario {
    /// The shipped scenario of this name, or the one of a TOML file: what has a slash or ends in `.toml`.
    ///
    /// What flags can still add is not missed here, but by [`Self::validate`]: an end, for instance.
    ///
    /// # Errors
    /// Everything that is wrong with the file's keys, else the first wrong type, else all wrong values.
    pub(crate) fn load(name_or_path: &str) -> Result<Self, ScenarioError> {
        if name_or_path.contains('/') || name_or_path.ends_with(".toml") {
            let path = Path::new(name_or_path);
            return Self::read(&text(path)?, path);
        }
        let shipped = SHIPPED.iter().find(|shipped| shipped.name == name_or_path);
        let unknown = || ScenarioError::Unknown { name: name_or_path.to_owned() };
        let shipped = shipped.ok_or_else(unknown)?;
        Self::read(shipped.toml, Path::new(&format!("{}.toml", shipped.name)))
    }

    /// Reads `text`, which is that of the file `path`.
    pub(super) fn read(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        let syntax = |error: toml_edit::TomlError| {
            let offset = error.span().map_or(0, |span| span.start);
            let message = error.message().trim().replace('\n', ", ");
            let message = format!("not valid TOML: {message}");
            ScenarioError::in_file(path, line_of(text, offset), message)
        };
        let document = ImDocument::parse(text).map_err(syntax)?;
        let places = Places::of(&document, text);
        let at = |(line, problem): (usize, String)| Problem::new(problem).at(path, line);
        let mut wrong: Vec<_> = places.wrong_keys().map(at).collect();
        wrong.sort_by_key(Problem::line);
        if !wrong.is_empty() {
            return Err(ScenarioError::Wrong(wrong));
        }
        let mut scenario: Self = toml::from_str(text).map_err(|error| {
            let (line, problem) = places.wrong_type(&error);
            ScenarioError::in_file(path, line, problem)
        })?;
        scenario.settle(path);
        let at = |wrong: super::rules::Wrong| {
            let line = places.line(&wrong.key);
            Problem::new(wrong.to_string()).at(path, line)
        };
        let mut wrong: Vec<_> = scenario.wrong_values().into_iter().map(at).collect();
        wrong.sort_by_key(Problem::line);
        if wrong.is_empty() { Ok(scenario) } else { Err(ScenarioError::Wrong(wrong)) }
    }

    /// Its name, and files beside it.
    fn settle(&mut self, path: &Path) {
        if self.name.is_empty() {
            self.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        }
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let settle = |file: &mut PathBuf| *file = folder.join(&*file);
        self.prompt.file.as_mut().map(settle);
        if let Load::Trace { file, .. } = &mut self.load {
            settle(file);
        }
    }
}

fn text(path: &Path) -> Result<String, ScenarioError> {
    let unreadable = |source| ScenarioError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(ScenarioError::TooLarge { path: path.to_owned(), limit: MOST_BYTES });
    }
    Ok(text)
}

/// From 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests;
