//! Files for the time of a test.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A file that is removed when it is dropped.
#[derive(Debug)]
pub struct TestFile(PathBuf);

impl Deref for TestFile {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        // A file that stays harms nobody.
        let _removed = std::fs::remove_file(&self.0);
    }
}

/// A file of its own with this text.
pub fn file(text: &str) -> TestFile {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("weir-test-{}-{number}.toml", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    TestFile(path)
}
