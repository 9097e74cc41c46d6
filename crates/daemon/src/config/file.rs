//! Reading the configuration file.

use std::ops::Range;
use std::path::Path;

use figment::providers::{Format, Toml};
use figment::value::Dict;

use super::ConfigError;
use super::layer::Layer;

/// Reads the TOML file at `path`, which `named_by` named.
pub(super) fn read(path: &Path, named_by: String) -> Result<Layer, ConfigError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: shown.clone(),
        named_by,
        source,
    })?;
    match Toml::from_str::<Dict>(&text) {
        Ok(values) => Ok(Layer::of_file(&shown, values)),
        Err(error) => {
            let (line, column) = position(&text, error.span());
            let message = error.message().trim().replace('\n', ", ");
            Err(ConfigError::Syntax { path: shown, line, column, message })
        }
    }
}

/// Line and column, both from 1, of the start of `span`; the column counts characters.
fn position(text: &str, span: Option<Range<usize>>) -> (usize, usize) {
    let offset = span.map_or(0, |span| span.start);
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
