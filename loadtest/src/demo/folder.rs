//! A folder for the files of the demo, which goes when the demo ends.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// For so long a program that was killed may still write.
const LAST_WRITES: Duration = Duration::from_secs(1);

/// The folder. Dropping it removes it, with all that is in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes it below the system's directory for temporary files.
    pub(crate) fn new() -> io::Result<Self> {
        let moment = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("weir-demo-{}-{:x}", std::process::id(), moment.subsec_nanos());
        let path = std::env::temp_dir().join(name);
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file in it, over one that was there.
    pub(crate) fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let deadline = Instant::now() + LAST_WRITES;
        // What cannot be removed is left for the system to tidy up.
        while fs::remove_dir_all(&self.0).is_err() && self.0.exists() && Instant::now() < deadline {
            std::thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_gone_when_it_is_dropped() {
        let folder = Folder::new().unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::read_to_string(folder.write("a", "b").unwrap()).unwrap(), "b");
        drop(folder);
        assert!(!path.exists());
    }
}
