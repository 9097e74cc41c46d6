//! Whether a folder is a `/proc`: where it is not, every process would look as if it ran in no container.

use std::path::Path;

/// It has `self`, or at least one process. A `/proc` of other pids than ours has a `self` that leads nowhere.
pub(crate) fn is_proc(folder: &Path) -> bool {
    if folder.join("self").symlink_metadata().is_ok() {
        return folder.is_dir();
    }
    let Ok(entries) = folder.read_dir() else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let is_pid = name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
        is_pid && entry.path().join("stat").exists()
    })
}
