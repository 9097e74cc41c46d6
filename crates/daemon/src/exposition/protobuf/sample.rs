//! A sample line, taken apart.

use std::borrow::Cow;

use crate::exposition::line::series_length;

/// Names and values of labels.
pub(super) type Labels<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// A sample.
#[derive(Debug, PartialEq)]
pub(super) struct Sample<'a> {
    pub(super) name: &'a str,
    pub(super) labels: Labels<'a>,
    /// A number, or between braces what makes up a native histogram.
    pub(super) value: &'a str,
    /// Milliseconds, Unix time.
    pub(super) timestamp: Option<i64>,
    pub(super) exemplar: Option<Exemplar<'a>>,
}

/// What stands behind a `#`.
#[derive(Debug, PartialEq)]
pub(super) struct Exemplar<'a> {
    pub(super) labels: Labels<'a>,
    pub(super) value: f64,
    /// Seconds, Unix time.
    pub(super) timestamp: Option<f64>,
}

impl<'a> Sample<'a> {
    /// `None` for a line that makes no sense.
    pub(super) fn of(line: &'a str) -> Option<Self> {
        let (series, rest) = line.split_at(series_length(line));
        let (name, labels) = series_of(series);
        let (rest, exemplar) = rest.split_once(" # ").unwrap_or((rest, ""));
        let mut words = rest.split_ascii_whitespace();
        let value = words.next()?;
        let timestamp = words.next().and_then(|word| word.parse::<f64>().ok());
        let timestamp = timestamp.map(|seconds| (seconds * 1000.0).round() as i64);
        Some(Self { name, labels, value, timestamp, exemplar: Exemplar::of(exemplar) })
    }

    /// The value, if it is a number.
    pub(super) fn number(&self) -> Option<f64> {
        self.value.parse().ok()
    }
}

impl<'a> Exemplar<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (labels, rest) = text.split_at(series_length(text));
        let mut words = rest.split_ascii_whitespace();
        let value = words.next()?.parse().ok()?;
        let timestamp = words.next().and_then(|word| word.parse().ok());
        Some(Self { labels: series_of(labels).1, value, timestamp })
    }
}

/// Name and labels.
fn series_of(series: &str) -> (&str, Labels<'_>) {
    let Some((name, mut rest)) = series.split_once('{') else { return (series, Labels::new()) };
    let mut labels = Labels::new();
    while let Some((label, after)) = rest.split_once("=\"") {
        let end = value_length(after);
        let value = after.get(..end).unwrap_or(after);
        labels.push((label.trim_start_matches(','), unescaped(value)));
        rest = after.get(end + 1..).unwrap_or_default();
    }
    (name, labels)
}

/// How many bytes come before the closing quote.
fn value_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    text.len()
}

/// Without the escapes of OpenMetrics; other backslashes stay.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => plain.push('\n'),
            Some(escaped @ ('"' | '\\')) => plain.push(escaped),
            other => plain.extend(['\\'].into_iter().chain(other)),
        }
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels<'a>(pairs: &[(&'a str, &'a str)]) -> Labels<'a> {
        pairs.iter().map(|(name, value)| (*name, Cow::Borrowed(*value))).collect()
    }

    #[test]
    fn samples_are_taken_apart() {
        let line = r#"a_bucket{m="x} # {\"\\\n",le="+Inf"} 7 # {trace_id="0a"} 0.5 1700000000.25"#;
        let sample = Sample::of(line).unwrap();
        assert_eq!((sample.name, sample.value, sample.timestamp), ("a_bucket", "7", None));
        assert_eq!(sample.labels, labels(&[("m", "x} # {\"\\\n"), ("le", "+Inf")]));
        let labels = labels(&[("trace_id", "0a")]);
        let exemplar = Exemplar { labels, value: 0.5, timestamp: Some(1_700_000_000.25) };
        assert_eq!(sample.exemplar, Some(exemplar));

        let plain = Sample::of("a 1.5 1700000000.0004").unwrap();
        assert_eq!((plain.number(), plain.timestamp), (Some(1.5), Some(1_700_000_000_000)));
        assert_eq!(Sample::of("a{} +Inf").unwrap().number(), Some(f64::INFINITY));
        assert_eq!(Sample::of(r#"a{b="c"} {count:1,sum:2.0}"#).unwrap().value, "{count:1,sum:2.0}");
    }

    #[test]
    fn nonsense_is_no_sample_and_no_fault() {
        for line in ["", "a", "a{", "a{b=\"", "a{b=\"c", "a{b=\"c\\", "a{b=\"c\"}", "{", "}", "\""]
        {
            assert_eq!(Sample::of(line), None, "{line}");
        }
        for line in ["a{b} 1", "a{é=\"é\"é} 1", "a{=\"\"} 1", "a 1 # ", "a 1 # {", "a 1 # {} x"]
        {
            assert!(Sample::of(line).is_some_and(|sample| sample.exemplar.is_none()), "{line}");
        }
    }
}
