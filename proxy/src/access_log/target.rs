//! Where lines go: stdout, or a file that is followed by its name and rotated by its size.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tracing::warn;

use crate::config::{AccessLogConfig, LogTarget};

/// How often is looked whether the file's name still leads to it: others rotate files too, and remove them.
const LOOK: Duration = Duration::from_secs(1);

/// Whoever may read it sees who asked for what, though not the content.
const MODE: u32 = 0o640;

/// What is written to.
pub(super) struct Target {
    config: AccessLogConfig,
    open: Option<Open>,
}

struct Open {
    file: File,
    /// What was there when it was opened, and was written since.
    length: u64,
    /// When to rotate it; `None`: never.
    full_at: Option<u64>,
    /// Which file it is.
    identity: (u64, u64),
    looked: Instant,
    /// The last line has no end.
    is_torn: bool,
}

impl Target {
    pub(super) fn new(config: AccessLogConfig) -> Self {
        Self { config, open: None }
    }

    /// Writes whole lines. How many bytes of them are there now, and why not all.
    pub(super) fn write(&mut self, lines: &[u8], now: Instant) -> (usize, io::Result<()>) {
        let open = match self.ready(lines.len() as u64, now) {
            Ok(open) => open,
            Err(error) => return (0, Err(error)),
        };
        if open.is_torn {
            if let Err(error) = open.file.write_all(b"\n") {
                return (0, Err(error));
            }
            open.is_torn = false;
            open.length += 1;
        }
        let (written, result) = write_all(&mut open.file, lines);
        open.length += written as u64;
        open.is_torn = lines[..written].last().is_some_and(|&last| last != b'\n');
        (written, result)
    }

    /// What is open, with room for so many bytes.
    fn ready(&mut self, bytes: u64, now: Instant) -> io::Result<&mut Open> {
        let config = &self.config;
        let mut open = self.open.take();
        if let LogTarget::File(path) = &config.target {
            open = open.filter(|open| open.is_still(path, now));
            open = open.and_then(|open| open.unless_full(bytes, path, config));
        }
        let mut open = match open {
            Some(open) => open,
            None => Open::new(config, now)?,
        };
        if now.saturating_duration_since(open.looked) >= LOOK {
            open.looked = now;
        }
        Ok(self.open.insert(open))
    }
}

impl Open {
    fn new(config: &AccessLogConfig, now: Instant) -> io::Result<Self> {
        let file = match &config.target {
            // Not `Stdout`, which holds lines back that could not be written.
            LogTarget::Stdout => File::from(io::stdout().as_fd().try_clone_to_owned()?),
            LogTarget::File(path) => {
                OpenOptions::new().append(true).create(true).mode(MODE).open(path)?
            }
        };
        let metadata = file.metadata()?;
        let is_file = metadata.is_file() && config.target != LogTarget::Stdout;
        let length = if is_file { metadata.len() } else { 0 };
        let is_torn = match &config.target {
            LogTarget::File(path) if length > 0 => is_torn(path).unwrap_or(false),
            _ => false,
        };
        let full_at = config.max_size.filter(|_| is_file);
        let identity = identity(&metadata);
        Ok(Self { file, length, full_at, identity, looked: now, is_torn })
    }

    /// Whether its name leads to it, as far as it is time to look.
    fn is_still(&self, path: &Path, now: Instant) -> bool {
        let is_due = now.saturating_duration_since(self.looked) >= LOOK;
        !is_due || fs::metadata(path).is_ok_and(|found| identity(&found) == self.identity)
    }

    /// Rotates it where there is no room for so many bytes more; then it is gone.
    fn unless_full(mut self, bytes: u64, path: &Path, config: &AccessLogConfig) -> Option<Self> {
        if self.length == 0 || self.full_at.is_none_or(|full| self.length + bytes <= full) {
            return Some(self);
        }
        let error = rotate(path, config.keep).err()?;
        warn!(path = %path.display(), %error, "The access log can't be rotated; it grows.");
        // Not again with each line.
        self.full_at = config.max_size.map(|size| self.length + size);
        Some(self)
    }
}

/// Device and inode.
fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Whether a file that is not empty ends in the middle of a line.
fn is_torn(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// As `write_all`, and how much was written where that fails.
fn write_all(file: &mut File, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}

/// `access.jsonl` becomes `access.jsonl.1`, that `access.jsonl.2`, and so on; the last one goes.
fn rotate(path: &Path, keep: usize) -> io::Result<()> {
    for number in (1..keep).rev() {
        match fs::rename(numbered(path, number), numbered(path, number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, numbered(path, 1))
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

#[cfg(test)]
mod tests;
