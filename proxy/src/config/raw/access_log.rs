//! `[proxy.access_log]` as it is written.

use std::path::PathBuf;

use serde::Deserialize;
use weir_daemon::config::Size;

/// `[proxy.access_log]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawAccessLog {
    /// A file, or `-` for stdout; no access log unless set.
    pub(in crate::config) path: Option<PathBuf>,
    /// Share of the successes that are written, 0 to 1.
    pub(in crate::config) sample: f64,
    /// Most lines of one route and outcome, successes apart.
    pub(in crate::config) most_errors: String,
    /// When a file is rotated: 1MiB or more; `0B`: never.
    pub(in crate::config) max_size: Size,
    /// How many rotated files stay, 1 to 1000.
    pub(in crate::config) keep: usize,
}

impl Default for RawAccessLog {
    fn default() -> Self {
        Self {
            path: None,
            sample: 1.0,
            most_errors: "10/second".to_owned(),
            max_size: Size::from_bytes(100 << 20),
            keep: 5,
        }
    }
}
