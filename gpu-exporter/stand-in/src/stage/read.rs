//! Reads the script whenever it changed, and writes the log of calls.

use std::fs::{File, Metadata, OpenOptions, metadata, read};
use std::io::Write as _;
use std::mem::take;
use std::os::unix::fs::MetadataExt as _;
use std::process::abort;
use std::sync::Arc;

use super::Stage;
use crate::script::Script;

/// The environment variable that names the script.
const VARIABLE: &str = "WEIR_NVML_STAND_IN";

/// What differs when a file was written again, or another was put in its place.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Stamp {
    inode: u64,
    seconds: i64,
    nanoseconds: i64,
    size: u64,
}

impl From<Metadata> for Stamp {
    fn from(of: Metadata) -> Self {
        Self { inode: of.ino(), seconds: of.mtime(), nanoseconds: of.mtime_nsec(), size: of.size() }
    }
}

impl Stage {
    /// Reads the script if it changed. One that can't be read ends the process: the test is wrong then.
    pub(super) fn refresh(&mut self) {
        let Some(path) = std::env::var_os(VARIABLE) else { return };
        let stamp = metadata(&path).ok().map(Stamp::from);
        if stamp.is_some() && stamp == self.stamp {
            return;
        }
        let text = read(&path).map_err(|error| error.to_string());
        let script =
            text.and_then(|text| serde_json::from_slice(&text).map_err(|error| error.to_string()));
        match script {
            Ok(script) => self.follow(script),
            Err(error) => {
                eprintln!("weir-nvml-stand-in: {VARIABLE} is {}: {error}", path.display());
                abort();
            }
        }
        self.stamp = stamp;
    }

    fn follow(&mut self, mut script: Script) {
        if script.calls != self.script.calls {
            self.log = script.calls.as_ref().and_then(|path| {
                let file: Result<File, _> = OpenOptions::new().append(true).create(true).open(path);
                file.ok()
            });
        }
        self.gpus = take(&mut script.gpus).into_iter().map(Arc::new).collect();
        self.script = script;
    }

    /// Writes a line to the log of calls, at once: the process may end at any moment.
    pub(crate) fn note(&mut self, line: &str) {
        if let Some(log) = &mut self.log {
            // A test that finds its lines missing fails by itself.
            drop(log.write_all(format!("{line}\n").as_bytes()));
        }
    }
}
