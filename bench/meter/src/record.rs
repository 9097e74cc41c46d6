//! The file that figures are recorded in, one line a work.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::place::Place;

/// What was counted, and where.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Where.
    pub place: Place,
    /// Instructions by the name of the work.
    pub instructions: BTreeMap<String, u64>,
}

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file could not be read or written.
    #[error("can't read or write {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It holds something else.
    #[error("{path} is no record: mend it, or count anew with `make count-record`")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl Record {
    /// The file of this repository.
    pub fn path() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("counts.json")
    }

    /// Reads one; `None` where there is no file.
    pub fn read(path: &Path) -> Result<Option<Self>, RecordError> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|source| RecordError::File { path: path.to_owned(), source })?,
        };
        let content = |source| RecordError::Content { path: path.to_owned(), source };
        serde_json::from_str(&text).map(Some).map_err(content)
    }

    /// Writes it.
    pub fn write(&self, path: &Path) -> Result<(), RecordError> {
        let content = |source| RecordError::Content { path: path.to_owned(), source };
        let text = serde_json::to_string_pretty(self).map_err(content)? + "\n";
        fs::write(path, text).map_err(|source| RecordError::File { path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_one_line_a_work() {
        let [rustc, processor, libc] = ["1.95.0", "x86_64", "glibc 2.36"].map(str::to_owned);
        let instructions = [("event, chat".to_owned(), 6_785), ("request".to_owned(), 14_572)];
        let record = Record {
            place: Place { rustc, processor, libc },
            instructions: instructions.into_iter().collect(),
        };
        let path = std::env::temp_dir().join(format!("weir-counts-{}.json", std::process::id()));
        record.write(&path).unwrap();
        let (text, read) = (fs::read_to_string(&path).unwrap(), Record::read(&path).unwrap());
        fs::remove_file(&path).unwrap();
        assert_eq!(read, Some(record));
        assert!(text.lines().any(|line| line == "    \"event, chat\": 6785,"), "{text}");
        assert!(Record::read(&path).unwrap().is_none(), "there is no file");
    }

    #[test]
    fn the_file_of_this_repository_can_be_read() {
        let record = Record::read(&Record::path()).unwrap().unwrap();
        assert!(!record.instructions.is_empty());
    }
}
