//! The store of runs: one SQLite file. Several processes may use it at once: runs that are written while the page
//! reads them.
//!
//! A run is a row with its report as JSON; its seconds, requests and contents are rows of their own, since they are
//! many and lists leave them out. No key and no header of a request is in a report, so none is here.

mod contents;
mod error;
mod import;
mod open;
mod place;
mod read;
mod resolve;
mod save;
mod stale;
mod states;

pub(crate) use self::contents::ContentQuery;
pub(crate) use self::error::StoreError;
pub(crate) use self::import::Imported;
pub(crate) use self::states::States;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;

/// An open store. Clones share one connection; its calls block, for threads that may.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    connection: Arc<Mutex<Connection>>,
    path: Arc<Path>,
}

impl Store {
    /// The store at `path`; folders and file are made where there are none. Whatever else is there stays as it is.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        place::make(path)?;
        Self::open_existing(path)
    }

    /// The store at `path`, which has to be there.
    pub(crate) fn open_existing(path: &Path) -> Result<Self, StoreError> {
        place::check(path)?;
        let connection = open::open(path)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), path: path.into() })
    }

    /// Where the store is unless `--store` says: `WEIR_LOADTEST__STORE`, else `weir/runs.db` in `XDG_DATA_HOME` or
    /// `~/.local/share`.
    pub(crate) fn default_path() -> Result<PathBuf, StoreError> {
        place::default(|name| std::env::var_os(name)).ok_or(StoreError::NoHome)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn call<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&mut self.connection.lock()).map_err(|error| StoreError::of(&self.path, error))
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
