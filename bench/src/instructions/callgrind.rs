//! A proxy under callgrind, which tells at any time what it has taken so far.
//!
//! One process does all the work, and is asked by `vgdb` before and after each piece: so nothing of its start has to be
//! taken off again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::contender::{Apart, Contender, ContenderError, Running};
use crate::loopback::Loopback;

/// Why nothing was counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallgrindError {
    #[error(transparent)]
    Contender(#[from] ContenderError),
    #[error("starting vgdb, which comes with valgrind")]
    Vgdb(#[source] io::Error),
    #[error("vgdb, which asks callgrind for its counts, said: {0}")]
    Refused(String),
    #[error("reading the counts in {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("there is no line `summary:` with a number in {}, which callgrind wrote", path.display())]
    NoSummary { path: PathBuf },
}

/// What was counted between two marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) instructions: u64,
    pub(super) elapsed: Duration,
}

/// A process under callgrind.
pub(super) struct Callgrind {
    pub(super) proxy: Running,
    prefix: String,
    dumps: PathBuf,
    count: u32,
    marked: Instant,
}

impl Callgrind {
    /// Of a contender that knows the models.
    pub(super) async fn start(
        stage: &Loopback,
        contender: Contender,
        models: Vec<String>,
    ) -> Result<Self, CallgrindError> {
        let directory = stage.directory_apart(contender);
        let dumps = directory.join("callgrind");
        // Its pipes lie beside the rest; a killed process leaves them behind.
        let prefix = format!("--vgdb-prefix={}", directory.join("vgdb").display());
        let out = format!("--callgrind-out-file={}", dumps.display());
        let under = ["valgrind", "--tool=callgrind", "--vgdb=yes", &prefix, &out];
        let apart = Apart { models, under: under.map(str::to_owned).into() };
        let proxy = stage.start_apart(contender, &apart).await?;
        Ok(Self { proxy, prefix, dumps, count: 0, marked: Instant::now() })
    }

    /// What was taken since the last mark.
    pub(super) async fn mark(&mut self) -> Result<Counted, CallgrindError> {
        let output = self.vgdb().await.map_err(CallgrindError::Vgdb)?;
        let now = Instant::now();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(CallgrindError::Refused(said));
        }
        // They are large, and nobody reads those before.
        let _gone = fs::remove_file(self.dump());
        self.count += 1;
        let instructions = instructions(&self.dump())?;
        let elapsed = now - std::mem::replace(&mut self.marked, now);
        Ok(Counted { instructions, elapsed })
    }

    /// The file with what was counted last, function by function.
    pub(super) fn dump(&self) -> PathBuf {
        self.dumps.with_extension(self.count.to_string())
    }

    async fn vgdb(&self) -> io::Result<Output> {
        let pid = format!("--pid={}", self.proxy.id().unwrap_or_default());
        Command::new("vgdb").args([&self.prefix, &pid, "dump"]).output().await
    }
}

/// Of all threads together.
fn instructions(path: &Path) -> Result<u64, CallgrindError> {
    let read = |source| CallgrindError::Read { path: path.to_owned(), source };
    let dump = fs::read(path).map_err(read)?;
    let dump = String::from_utf8_lossy(&dump);
    let summary = dump.lines().find_map(|line| line.strip_prefix("summary: ")?.trim().parse().ok());
    summary.ok_or_else(|| CallgrindError::NoSummary { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_a_dump_is_read() {
        let path = std::env::temp_dir().join(format!("weir-bench-dump-{}", std::process::id()));
        let read = |dump: &[u8]| {
            fs::write(&path, dump).unwrap();
            instructions(&path)
        };
        let dump = b"# callgrind format\nversion: 1\npart: 3\nevents: Ir\nsummary: 853086\n\nob=(1) \xff\n";
        assert_eq!(read(dump).unwrap(), 853_086);
        let none = read(b"events: Ir\n").unwrap_err().to_string();
        assert!(none.contains("no line `summary:`") && none.contains("weir-bench-dump"), "{none}");
        fs::remove_file(&path).unwrap();
        assert!(matches!(instructions(&path), Err(CallgrindError::Read { .. })));
    }
}
