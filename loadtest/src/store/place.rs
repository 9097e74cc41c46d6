//! Where the store's file is, and what is there before SQLite looks at it.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::StoreError;

/// SQLite has no smaller ones: <https://www.sqlite.org/fileformat2.html>, 1.3.2.
const SMALLEST_PAGE: u64 = 512;

/// The path by the environment, which `variable` reads.
pub(super) fn default(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(store) = path("WEIR_LOADTEST__STORE") {
        return Some(store);
    }
    // A relative XDG_DATA_HOME is to be ignored: XDG Base Directory Specification, "Environment variables".
    let data = path("XDG_DATA_HOME").filter(|data| data.is_absolute());
    let data = data.or_else(|| Some(path("HOME")?.join(".local/share")))?;
    Some(data.join("weir/runs.db"))
}

/// Makes the folders and an empty file, unless something is there.
pub(super) fn make(path: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Making { path: path.into(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    // Prompts and answers may be kept in it: nobody else reads it.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

/// A file is there, and no folder, pipe or device.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(StoreError::Folder(path.into())),
        Ok(found) if !found.is_file() => Err(StoreError::NoFile(path.into())),
        // SQLite takes less than a page of anything for a database that is empty yet.
        Ok(found) if (1..SMALLEST_PAGE).contains(&found.len()) => {
            Err(StoreError::NotSqlite(path.into()))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(StoreError::Missing(path.into())),
        Err(source) => Err(StoreError::Making { path: path.into(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(variables: &[(&str, &str)]) -> Option<PathBuf> {
        let of = |name: &str| variables.iter().find(|(key, _)| *key == name);
        default(|name| of(name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn the_environment_says_where() {
        let home = ("HOME", "/home/ann");
        let shared = ("XDG_DATA_HOME", "/data");
        let own = ("WEIR_LOADTEST__STORE", "here.db");
        assert_eq!(by(&[home]), Some("/home/ann/.local/share/weir/runs.db".into()));
        assert_eq!(by(&[home, shared]), Some("/data/weir/runs.db".into()));
        assert_eq!(by(&[home, shared, own]), Some("here.db".into()));
        assert_eq!(by(&[home, ("XDG_DATA_HOME", "data")]), by(&[home]));
        assert_eq!(by(&[home, ("WEIR_LOADTEST__STORE", "")]), by(&[home]));
        assert_eq!(by(&[]), None);
    }
}
