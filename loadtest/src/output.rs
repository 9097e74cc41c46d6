//! Writing a report to the file that was asked for: whole, or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Why it was not written.
#[derive(Debug, thiserror::Error)]
#[error("writing the report to {}", path.display())]
pub(crate) struct OutputError {
    path: PathBuf,
    source: io::Error,
}

/// A file that a report will be written to.
#[derive(Debug)]
pub(crate) struct Output {
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// The report goes here first and takes the file's place when it is whole.
    Beside(PathBuf),
    /// No file (a pipe, a terminal, /dev/null). It stays open: whoever reads a pipe goes when nobody has it open, and
    /// opening it once more would wait for a reader forever.
    Open(File),
}

impl Output {
    /// Looks, before anything is measured, whether it can be written.
    ///
    /// # Errors
    /// Where its folder is not there, or may not be written to.
    pub(crate) fn open(path: &Path) -> Result<Self, OutputError> {
        let failed = |source| OutputError { path: path.to_owned(), source };
        let is_other = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let place = if is_other {
            Place::Open(File::options().write(true).open(path).map_err(failed)?)
        } else {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{}.part", std::process::id()));
            let beside = PathBuf::from(name);
            File::create(&beside).map_err(failed)?;
            Place::Beside(beside)
        };
        Ok(Self { path: path.to_owned(), place })
    }

    /// Writes the report.
    pub(crate) fn write(&self, report: &impl Serialize) -> Result<(), OutputError> {
        let written = match &self.place {
            // It takes the place of what was there only when it is on the disk.
            Place::Beside(beside) => File::options()
                .write(true)
                .truncate(true)
                .open(beside)
                .and_then(|file| write(&file, report).and_then(|()| file.sync_all()))
                .and_then(|()| fs::rename(beside, &self.path)),
            Place::Open(file) => write(file, report),
        };
        written.map_err(|source| OutputError { path: self.path.clone(), source })
    }
}

/// Nothing half-written stays.
impl Drop for Output {
    fn drop(&mut self) {
        if let Place::Beside(beside) = &self.place {
            // It is gone where the report was written.
            let _gone = fs::remove_file(beside);
        }
    }
}

fn write(file: &File, report: &impl Serialize) -> io::Result<()> {
    let mut file = io::BufWriter::new(file);
    serde_json::to_writer(&mut file, report)?;
    file.write_all(b"\n")?;
    file.flush()
}

#[cfg(test)]
mod tests;
