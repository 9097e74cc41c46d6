//! From `[proxy.access_log]` to where lines go.

use weir_daemon::config::{ConfigError, Loaded};

use crate::access::Rate;
use crate::config::raw::RawProxy;
use crate::config::{AccessLogConfig, LogTarget};

/// The smallest file that is worth rotating.
const SMALLEST: u64 = 1 << 20;

/// More files would be a slip of the pen.
const MOST_FILES: usize = 1000;

pub(super) fn access_log(
    loaded: &Loaded<RawProxy>,
) -> Result<Option<AccessLogConfig>, ConfigError> {
    let raw = &loaded.value.access_log;
    let at = |key: &str| format!("proxy.access_log.{key}");
    if !(0.0..=1.0).contains(&raw.sample) {
        return Err(loaded.invalid(&at("sample"), raw.sample, "a share between 0 and 1"));
    }
    let most_errors = Rate::parse(&raw.most_errors).ok_or_else(|| {
        let expected = "so many in a time, such as \"10/second\" or \"100/minute\"";
        loaded.invalid(&at("most_errors"), &raw.most_errors, expected)
    })?;
    let max_size = raw.max_size.bytes();
    if (1..SMALLEST).contains(&max_size) {
        return Err(loaded.invalid(&at("max_size"), raw.max_size, "1MiB or more, or 0B for never"));
    }
    if !(1..=MOST_FILES).contains(&raw.keep) {
        return Err(loaded.invalid(&at("keep"), raw.keep, format!("1 to {MOST_FILES}")));
    }
    let Some(path) = raw.path.clone() else { return Ok(None) };
    let target = match path.as_os_str().as_encoded_bytes() {
        [] => {
            return Err(loaded.invalid(&at("path"), "\"\"", "a file, or \"-\" for stdout"));
        }
        b"-" => LogTarget::Stdout,
        _ => LogTarget::File(path),
    };
    let max_size = Some(max_size).filter(|size| *size > 0);
    Ok(Some(AccessLogConfig { target, sample: raw.sample, most_errors, max_size, keep: raw.keep }))
}
