//! Files whose content is in force: the configuration, certificates, keys. They are looked at again
//! and again, since what a container mounts changes without a signal.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often they are looked at. A change counts once it was found twice the same: nobody writes a
/// file all at once.
const EVERY: Duration = Duration::from_secs(1);

/// Files, and what they held.
#[derive(Debug)]
pub struct Watched {
    files: Vec<PathBuf>,
    /// In force, or found to be of no use.
    known: u64,
    /// Found when they were looked at last.
    found: u64,
}

impl Watched {
    /// These, as they are now.
    pub fn new(files: Vec<PathBuf>) -> Self {
        let known = content(&files);
        Self { files, known, found: known }
    }

    /// What they hold now is about to be read: it is no news any more.
    pub fn will_be_read(&mut self) {
        self.known = content(&self.files);
        self.found = self.known;
    }

    /// From now on these.
    pub fn watch(&mut self, files: Vec<PathBuf>) {
        if files != self.files {
            *self = Self::new(files);
        }
    }

    /// Waits until their content has changed. What it was then is known from then on.
    pub async fn changed(&mut self) {
        loop {
            tokio::time::sleep(EVERY).await;
            if self.look() {
                return;
            }
        }
    }

    fn look(&mut self) -> bool {
        let now = content(&self.files);
        let is_settled = std::mem::replace(&mut self.found, now) == now;
        is_settled && std::mem::replace(&mut self.known, now) != now
    }
}

/// After a configuration was refused: waits until it can be used, since what it lacked need not be in a
/// file that is in force. `path` is its file; `files` reads it, and names all that it would put in force,
/// or nothing while it can't be used. As elsewhere, it has to be found twice the same.
pub async fn usable_again(path: Option<&Path>, files: impl Fn() -> Option<Vec<PathBuf>>) {
    let mut before = None;
    loop {
        // Reading a pipe would wait for somebody to write.
        let can_be_read = path.is_none_or(Path::is_file);
        let found = if can_be_read { files().map(|files| content(&files)) } else { None };
        if std::mem::replace(&mut before, found) == found && found.is_some() {
            return;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Stands for the content of all; a file that can't be read counts as empty.
fn content(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        // Reading a pipe would wait for somebody to write.
        let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let content = if is_file { std::fs::read(file).unwrap_or_default() } else { Vec::new() };
        content.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_once_it_has_settled() {
        let file = std::env::temp_dir().join(format!("weir-watched-{}", std::process::id()));
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        write("one");
        let mut watched = Watched::new(vec![file.clone(), "not-there".into()]);
        assert!(!watched.look(), "as it was");
        write("tw");
        assert!(!watched.look(), "perhaps not all of it");
        write("two");
        assert!(!watched.look(), "perhaps not all of it");
        assert!(watched.look());
        assert!(!watched.look(), "once");
        write("half");
        assert!(!watched.look());
        write("two");
        assert!(!watched.look() && !watched.look(), "what came and went");
        std::fs::remove_file(&file).unwrap();
        assert!(!watched.look());
        assert!(watched.look(), "gone");
    }
}
