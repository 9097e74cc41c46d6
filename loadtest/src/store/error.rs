//! What goes wrong with a store, in words for whoever has to mend it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::open::SCHEMA;

/// Why the store did not do what it was asked. What it holds is as it was before.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(
        "where to keep runs is not known: set HOME, or name a file with --store or WEIR_LOADTEST__STORE"
    )]
    NoHome,
    #[error("making the store {}", path.display())]
    Making { path: PathBuf, source: io::Error },
    #[error("there is no store {}: a run that is kept makes it, or --store names another", .0.display())]
    Missing(PathBuf),
    #[error("the store {} is a folder: name a file in it, such as runs.db", .0.display())]
    Folder(PathBuf),
    #[error("the store {} is no file, but a pipe or a device", .0.display())]
    NoFile(PathBuf),
    #[error(
        "the store {} is no SQLite database; it was left as it is: move it away, or name another file with --store",
        .0.display()
    )]
    NotSqlite(PathBuf),
    #[error(
        "the store {} is a database of another program; it was left as it is: name another file with --store",
        .0.display()
    )]
    Foreign(PathBuf),
    #[error(
        "the store {} was written by a newer weir-loadtest (its schema is {found}, known is {SCHEMA}); it was left as \
         it is: use that version, or name another file with --store",
        path.display()
    )]
    Newer { path: PathBuf, found: i32 },
    #[error(
        "the store {0} is damaged ({why}); move it away, and save what can be saved: sqlite3 {0} .recover | sqlite3 \
         saved.db",
        path.display()
    )]
    Damaged { path: PathBuf, why: String },
    #[error(
        "the store {} cannot be opened for writing: give this user the right to write the file and its folder, or name another \
         file with --store",
        .0.display()
    )]
    ReadOnly(PathBuf),
    #[error("the disk with the store {} is full: nothing of this was kept, what was there before is", .0.display())]
    Full(PathBuf),
    #[error("another process has been writing to the store {} for more than 10 s", .0.display())]
    Busy(PathBuf),
    #[error("using the store {}", path.display())]
    Sqlite { path: PathBuf, source: rusqlite::Error },
    #[error(
        "no run is {wanted:?}: expected an id or its beginning, a name, latest or latest~1 (weir-loadtest runs list)"
    )]
    NoRun { wanted: String },
    #[error("{wanted:?} is the beginning of several ids, such as {}: write more of it", .candidates.join(", "))]
    Ambiguous { wanted: String, candidates: Vec<String> },
    #[error(
        "the store has another run with the id {0}: remove that one first (weir-loadtest runs remove {0})"
    )]
    Different(String),
}

impl StoreError {
    /// The arguments were wrong: there is no such run, or no such store.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoHome
                | Self::Missing(_)
                | Self::Folder(_)
                | Self::NoFile(_)
                | Self::NotSqlite(_)
                | Self::Foreign(_)
                | Self::Newer { .. }
                | Self::NoRun { .. }
                | Self::Ambiguous { .. }
        )
    }

    /// What SQLite says, as what it means.
    pub(super) fn of(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        // A row that was written by a store and cannot be read.
        if let rusqlite::Error::FromSqlConversionFailure(_, _, why) = &error {
            return Self::Damaged { path, why: why.to_string() };
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotSqlite(path),
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, why: error.to_string() },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly(path)
            }
            Some(ErrorCode::DiskFull) => Self::Full(path),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(path),
            _ => Self::Sqlite { path, source: error },
        }
    }
}
