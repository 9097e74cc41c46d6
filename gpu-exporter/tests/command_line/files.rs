//! Configuration files of these tests.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A file that is removed when it is dropped.
pub(crate) struct ConfigFile(PathBuf);

impl Deref for ConfigFile {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for ConfigFile {
    fn drop(&mut self) {
        // A file that stays harms nobody.
        let _removed = std::fs::remove_file(&self.0);
    }
}

/// A file of its own with this text.
pub(crate) fn file(text: &str) -> ConfigFile {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("weir-gpu-{}-{number}.toml", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    ConfigFile(path)
}
