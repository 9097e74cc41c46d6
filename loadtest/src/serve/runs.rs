//! The store of runs, whenever it is there: it may come after the page, and another may take its place.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::store::{Store, StoreError};

/// The file and what is open of it. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Runs(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    open: Mutex<Option<(Identity, Store)>>,
}

/// Which file it is: device and inode.
type Identity = (u64, u64);

impl Runs {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(Arc::new(Inner { path, open: Mutex::new(None) }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Does `work` with the store, which may block; `None`: there is none yet.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let Some(store) = self.store()? else { return Ok(None) };
        let done = work(&store);
        if matches!(done, Err(StoreError::Damaged { .. } | StoreError::NotSqlite(_))) {
            // Next time it is looked through from the beginning.
            *self.0.open.lock() = None;
        }
        done.map(Some)
    }

    fn store(&self) -> Result<Option<Store>, StoreError> {
        let mut open = self.0.open.lock();
        let Some(identity) = self.identity()? else {
            *open = None;
            return Ok(None);
        };
        if let Some((known, store)) = &*open
            && *known == identity
        {
            return Ok(Some(store.clone()));
        }
        *open = None;
        let store = Store::open_existing(&self.0.path)?;
        *open = Some((identity, store.clone()));
        Ok(Some(store))
    }

    fn identity(&self) -> Result<Option<Identity>, StoreError> {
        match fs::metadata(&self.0.path) {
            Ok(file) => Ok(Some((file.dev(), file.ino()))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Making { path: self.0.path.clone(), source }),
        }
    }
}
