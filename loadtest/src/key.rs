//! The key that goes with requests.

use std::io;
use std::path::{Path, PathBuf};

use reqwest::header::HeaderValue;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("reading the key from {}, which --key-file names", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} holds no key: expected one line of printable ASCII", .0.display())]
    NoKey(PathBuf),
}

/// The header with the key of this file, as a bearer token.
pub(crate) fn bearer(path: &Path) -> Result<HeaderValue, KeyError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| KeyError::File { path: path.to_owned(), source })?;
    let no_key = || KeyError::NoKey(path.to_owned());
    let text = Some(text.trim()).filter(|text| !text.is_empty()).ok_or_else(no_key)?;
    let mut header =
        HeaderValue::try_from(format!("Bearer {text}")).map_err(|_unprintable| no_key())?;
    header.set_sensitive(true);
    Ok(header)
}
