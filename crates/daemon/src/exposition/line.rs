//! Lines of OpenMetrics text, read as far as they have to be.

use std::borrow::Cow;

/// So many lines are read, in some 50 µs, before whoever waits for the same core gets it: a page of ten thousand series
/// takes milliseconds, and the kernel's slice is as long.
const IN_A_ROW: usize = 128;

/// The lines of an exposition.
pub(super) fn lines(exposition: &str) -> impl Iterator<Item = &str> {
    exposition.lines().enumerate().map(|(number, line)| {
        if number % IN_A_ROW == IN_A_ROW - 1 {
            std::thread::yield_now();
        }
        line
    })
}

/// A line.
pub(super) enum Line<'a> {
    Help { name: &'a str, words: &'a str },
    Type { name: &'a str, kind: &'a str },
    Sample(&'a str),
    Dropped,
}

impl<'a> Line<'a> {
    pub(super) fn of(line: &'a str) -> Self {
        let Some(comment) = line.strip_prefix('#') else {
            return if line.is_empty() { Self::Dropped } else { Self::Sample(line) };
        };
        let mut words = comment.trim_start().splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("HELP"), Some(name), words) => {
                Self::Help { name, words: words.unwrap_or_default() }
            }
            (Some("TYPE"), Some(name), Some(kind)) => Self::Type { name, kind },
            _ => Self::Dropped,
        }
    }
}

/// The name and the type in text 0.0.4 of a family of this OpenMetrics type.
pub(super) fn family<'a>(name: &'a str, kind: &'a str) -> (Cow<'a, str>, &'a str) {
    match kind {
        "counter" if !name.ends_with("_total") => (format!("{name}_total").into(), "counter"),
        "info" if !name.ends_with("_info") => (format!("{name}_info").into(), "gauge"),
        "info" | "stateset" => (name.into(), "gauge"),
        "counter" | "gauge" | "histogram" | "summary" => (name.into(), kind),
        _ => (name.into(), "untyped"),
    }
}

/// How many bytes of a sample are its name and labels. A label value may hold anything, `}` and `#`
/// included.
pub(super) fn series_length(sample: &str) -> usize {
    let mut in_value = false;
    let mut is_escaped = false;
    for (at, byte) in sample.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_value => is_escaped = true,
            b'"' => in_value = !in_value,
            b'}' if !in_value => return at + 1,
            b' ' if !in_value => return at,
            _ => {}
        }
    }
    sample.len()
}
