//! Which environment variables are ours, and which keys they set.

use super::layer::{self, Layer};
use super::{ConfigError, Table};

/// Begins the name of every variable of ours, and of some that are not.
const PREFIX: &str = "WEIR_";
/// Stands between the table and the key, and between the parts of a key.
const SEPARATOR: &str = "__";

/// One layer per variable, so that each value knows the name of the variable that set it.
pub(super) fn layers(variables: &[(String, String)]) -> Result<Vec<Layer>, ConfigError> {
    let mut layers = Vec::new();
    for (name, value) in variables {
        let Some((table, key)) = ours(name) else { continue };
        let mut path = vec![table.as_str().to_owned()];
        path.extend(key.split(SEPARATOR).map(str::to_ascii_lowercase));
        if path.iter().any(String::is_empty) {
            return Err(ConfigError::invalid(
                name,
                format!("{value:?}"),
                format!("a name of the form {PREFIX}{}__KEY", table.as_str().to_ascii_uppercase()),
                layer::variable(name),
            ));
        }
        layers.push(Layer::of_variable(name, &path, value));
    }
    Ok(layers)
}

/// The table and the rest of the name, where the name is ours.
fn ours(name: &str) -> Option<(Table, &str)> {
    let rest = name.strip_prefix(PREFIX)?;
    Table::ALL.into_iter().find_map(|table| {
        let key = rest.strip_prefix(&table.as_str().to_ascii_uppercase())?;
        Some((table, key.strip_prefix(SEPARATOR)?))
    })
}
