//! Where the keys of a scenario file stand, and what is wrong with them.

use std::ops::Range;

use toml_edit::{ImDocument, Item, TableLike, Value};
use weir_daemon::config::plain_expectation;

use super::file::line_of;
use super::keys::{Known, SCENARIO};

/// So much of a wrong value is shown.
const MOST_SHOWN: usize = 60;

/// The keys of a file.
#[derive(Debug)]
pub(super) struct Places<'a> {
    text: &'a str,
    places: Vec<Place>,
    /// With their lines.
    wrong: Vec<(usize, String)>,
}

#[derive(Debug)]
struct Place {
    /// Such as `load.stages.0.rate`.
    path: String,
    line: usize,
    value: Range<usize>,
}

impl<'a> Places<'a> {
    pub(super) fn of(document: &ImDocument<&'a str>, text: &'a str) -> Self {
        let mut places = Self { text, places: Vec::new(), wrong: Vec::new() };
        places.table(document.as_table(), "", SCENARIO);
        places
    }

    /// Keys that nobody knows, with their lines.
    pub(super) fn wrong_keys(&self) -> impl Iterator<Item = (usize, String)> {
        self.wrong.iter().cloned()
    }

    /// Of the key, or of the nearest one around it; 1 if the file has neither.
    pub(super) fn line(&self, key: &str) -> usize {
        let around = |place: &&Place| {
            key.strip_prefix(&place.path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let nearest = self.places.iter().filter(around).max_by_key(|place| place.path.len());
        nearest.map_or(1, |place| place.line)
    }

    /// What serde could not read, in the words of whoever writes the file.
    pub(super) fn wrong_type(&self, error: &toml::de::Error) -> (usize, String) {
        let message = error.message().trim();
        let Some(span) = error.span() else { return (1, message.to_owned()) };
        let holds = |place: &&Place| place.value.start <= span.start && span.end <= place.value.end;
        let innermost = self
            .places
            .iter()
            .filter(holds)
            .min_by_key(|place| place.value.end - place.value.start);
        let line = line_of(self.text, span.start);
        let Some(place) = innermost else { return (line, missing(message)) };
        let Some((found, expected)) = message.rsplit_once(", expected ") else {
            return (line, format!("{}: {}", place.path, missing(message)));
        };
        // A header may be a secret.
        let found = match self.text.get(span).filter(|_| !place.path.starts_with("headers")) {
            Some(found) => format!(" = {}", shown(found)),
            None if found.is_empty() => String::new(),
            None => " cannot be read".to_owned(),
        };
        (line, format!("{}{found}: expected {}", place.path, plain_expectation(expected)))
    }

    fn table(&mut self, table: &dyn TableLike, path: &str, known: Known) {
        for (key, item) in table.iter() {
            let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            let at = table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
            let line = at.map_or(1, |span| line_of(self.text, span.start));
            let value = item.span().unwrap_or_default();
            self.places.push(Place { path: path.clone(), line, value });
            match known.below(key) {
                Some(below) => self.item(item, &path, below),
                None => self.wrong.push((line, known.unknown(&path, key))),
            }
        }
    }

    fn item(&mut self, item: &Item, path: &str, known: Known) {
        match item {
            Item::Table(table) => self.table(table, path, known),
            Item::Value(value) => self.value(value, path, known),
            Item::ArrayOfTables(tables) => {
                for (index, table) in tables.iter().enumerate() {
                    let path = self.entry(path, index, table.span());
                    self.table(table, &path, known);
                }
            }
            Item::None => {}
        }
    }

    fn value(&mut self, value: &Value, path: &str, known: Known) {
        match value {
            Value::InlineTable(table) => self.table(table, path, known),
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    let path = self.entry(path, index, value.span());
                    self.value(value, &path, known);
                }
            }
            Value::Datetime(_) => {
                let line = self.line(path);
                self.wrong.push((line, format!("{path}: expected no date; a text has quotes")));
            }
            Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => {}
        }
    }

    /// Notes an entry of a list, and returns its path.
    fn entry(&mut self, path: &str, index: usize, span: Option<Range<usize>>) -> String {
        let path = format!("{path}.{index}");
        let value = span.unwrap_or_default();
        let line = line_of(self.text, value.start);
        self.places.push(Place { path: path.clone(), line, value });
        path
    }
}

/// Like serde's "missing field `name`", but for people.
fn missing(message: &str) -> String {
    match message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        Some(key) => format!("{key} is missing"),
        None => message.to_owned(),
    }
}

fn shown(found: &str) -> String {
    let line = found.lines().next().unwrap_or_default();
    let short: String = line.chars().take(MOST_SHOWN).collect();
    if short.len() < found.len() { format!("{short} …") } else { short }
}
