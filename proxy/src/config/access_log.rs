//! The access log as it is configured.

use std::path::PathBuf;

use crate::access::Rate;

/// Where a line for each request that has ended goes, and which ones.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessLogConfig {
    /// Where to.
    pub target: LogTarget,
    /// Share of the successes, 0 to 1.
    pub sample: f64,
    /// Most lines of errors of one route and outcome.
    pub most_errors: Rate,
    /// Bytes beyond which a file is rotated; `None`: never.
    pub max_size: Option<u64>,
    /// How many rotated files stay.
    pub keep: usize,
}

/// What lines are written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// stdout
    Stdout,
    /// A file, by its name.
    File(PathBuf),
}
