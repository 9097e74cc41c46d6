//! Files of JSON lines that a scenario names.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use crate::scenario::ScenarioError;

/// They are read into memory.
const MOST_BYTES: u64 = 256 << 20;

/// Reads each line that is not blank with `each`, whose error says what is wrong with it. `what` the file is, for a
/// message.
///
/// # Errors
/// A file that cannot be read, is too large or has no line; the first line that is wrong.
pub(crate) fn read<T>(
    path: &Path,
    what: &str,
    each: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, ScenarioError> {
    let unreadable = |source| ScenarioError::Unreadable { path: path.to_owned(), source };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?.take(MOST_BYTES + 1));
    let (mut read, mut line) = (Vec::new(), String::new());
    let mut number = 0;
    loop {
        line.clear();
        number += 1;
        if file.read_line(&mut line).map_err(unreadable)? == 0 {
            break;
        }
        if file.get_ref().limit() == 0 {
            return Err(ScenarioError::TooLarge { path: path.to_owned(), limit: MOST_BYTES });
        }
        let text = line.trim();
        if !text.is_empty() {
            read.push(each(text).map_err(|why| ScenarioError::in_file(path, number, why))?);
        }
    }
    if read.is_empty() {
        return Err(ScenarioError::in_file(path, 1, format!("expected {what}: the file is empty")));
    }
    Ok(read)
}
