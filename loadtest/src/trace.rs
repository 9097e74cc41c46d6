//! Recorded traces: when requests came, and how long they and their answers were. JSON lines with `timestamp` (ms),
//! `input_length`, `output_length` (tokens) and maybe `hash_ids`: Mooncake's format, which aiperf reads too. Other
//! members are passed over.
//!
//! Source: <https://github.com/kvcache-ai/Mooncake#-open-source-trace>.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::json_lines;
use crate::scenario::ScenarioError;

/// Each of `hash_ids` stands for so many tokens, the last one for what is left.
pub(crate) const BLOCK_TOKENS: usize = 512;
/// Beyond what any model takes.
const MOST_TOKENS: u32 = 2_000_000;

/// A request of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceLine {
    /// Since the first one.
    pub(crate) at: Duration,
    /// Tokens, at least 1.
    pub(crate) input: u32,
    /// Tokens, at least 1.
    pub(crate) output: u32,
    /// Requests that begin with the same ids begin with the same text.
    pub(crate) hash_ids: Vec<u64>,
}

/// 10¹¹ s: moments of a clock, of any in use; played a thousand times slower it is still a time.
const MOST_TIME: Duration = Duration::from_secs(100_000_000_000);

#[derive(Deserialize)]
struct Raw {
    timestamp: f64,
    input_length: u32,
    output_length: u32,
    #[serde(default)]
    hash_ids: Vec<u64>,
}

/// Reads a trace: at least one line, in the order of time, the first at 0.
///
/// # Errors
/// Names the line that cannot be read.
pub(crate) fn read(path: &Path) -> Result<Vec<TraceLine>, ScenarioError> {
    let mut lines = json_lines::read(path, "a trace", line)?;
    lines.sort_by_key(|line| line.at);
    let first = lines.first().map(|line| line.at).unwrap_or_default();
    for line in &mut lines {
        line.at = line.at.saturating_sub(first);
    }
    Ok(lines)
}

fn line(text: &str) -> Result<TraceLine, String> {
    let raw: Raw = serde_json::from_str(text).map_err(|_| {
        "expected an object with timestamp (in ms), input_length, output_length and maybe hash_ids, all \
         numbers"
    })?;
    if raw.input_length > MOST_TOKENS || raw.output_length > MOST_TOKENS {
        return Err(format!("expected lengths of at most {MOST_TOKENS} tokens"));
    }
    let at = Duration::try_from_secs_f64(raw.timestamp / 1_000.0)
        .ok()
        .filter(|at| *at <= MOST_TIME)
        .ok_or("expected a timestamp in ms, 0 or more, and at most that of the year 5138")?;
    let (input, output) = (raw.input_length.max(1), raw.output_length.max(1));
    Ok(TraceLine { at, input, output, hash_ids: raw.hash_ids })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_in_order_and_begin_at_0() {
        let path = std::env::temp_dir().join(format!("weir-trace-{}.jsonl", std::process::id()));
        let text = r#"{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}
            {"timestamp": 27000.5, "input_length": 0, "output_length": 0, "session_id": "a"}
        "#;
        std::fs::write(&path, text).unwrap();
        let lines = read(&path);
        std::fs::remove_file(&path).unwrap();
        let line = |at, input, output, hash_ids: &[u64]| TraceLine {
            at: Duration::from_micros(at),
            input,
            output,
            hash_ids: hash_ids.to_vec(),
        };
        assert_eq!(lines.unwrap(), [line(0, 1, 1, &[]), line(481_500, 6955, 52, &[46, 47])]);
    }

    #[test]
    fn a_line_that_is_none_says_what_was_expected() {
        for (text, expected) in [
            ("7", "an object with timestamp"),
            (r#"{"timestamp": 1, "input_length": 2}"#, "output_length"),
            (r#"{"timestamp": -1, "input_length": 2, "output_length": 2}"#, "0 or more"),
            (r#"{"timestamp": 1e21, "input_length": 2, "output_length": 2}"#, "timestamp"),
            (r#"{"timestamp": 1e300, "input_length": 2, "output_length": 2}"#, "timestamp"),
            (r#"{"timestamp": 1, "input_length": 2000001, "output_length": 2}"#, "2000000"),
        ] {
            let error = line(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
