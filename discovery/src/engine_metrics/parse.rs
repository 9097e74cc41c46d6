//! Expositions, read: Prometheus text 0.0.4 and OpenMetrics 1.0, by one grammar that holds both.
//!
//! The other side is not trusted: reading takes time in proportion to the body, and everything has a bound.
//! A page is believed wholly or not at all: one line that can't be read, or an end that is missing, and the
//! scrape has failed. Half a page would show counters that seem to vanish.

mod labels;
mod line;

use std::borrow::Cow;

/// Longest body, in bytes.
pub const MAX_BODY: usize = 16 * 1024 * 1024;
/// Most samples in a body.
pub const MAX_SAMPLES: usize = 200_000;
/// Longest line, in bytes.
const MAX_LINE: usize = 64 * 1024;

/// Why an exposition can't be read. No text of the other side is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The body is longer than is read.
    #[error("the exposition is larger than {MAX_BODY} bytes")]
    TooLarge,
    /// It has more samples than are read.
    #[error("the exposition has more than {MAX_SAMPLES} samples")]
    TooManySamples,
    /// It came in a format that was not asked for.
    #[error("the exposition is protobuf, expected text 0.0.4 or OpenMetrics")]
    Protobuf,
    /// It is no text.
    #[error("line {line} of the exposition is not UTF-8")]
    NotUtf8 {
        /// Counted from 1.
        line: usize,
    },
    /// A line is neither a comment nor a sample.
    #[error("line {line} of the exposition: expected {expected}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What would have been right.
        expected: &'static str,
    },
    /// Its end is missing: the last line break, or in OpenMetrics the line `# EOF`.
    #[error("the exposition breaks off after line {line}")]
    Cut {
        /// The last line, counted from 1.
        line: usize,
    },
}

/// A sample; timestamp and exemplar are left out.
#[derive(Debug, PartialEq)]
pub(super) struct Sample<'a, 'l> {
    pub(super) name: &'l str,
    pub(super) labels: &'l [(Cow<'a, str>, Cow<'a, str>)],
    pub(super) value: f64,
}

impl Sample<'_, '_> {
    /// The value of a label, if it is there and not empty, which is the same to Prometheus.
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        let (_, value) = self.labels.iter().find(|(known, _)| known == name)?;
        (!value.is_empty()).then_some(value)
    }
}

/// Shows every sample of the body in turn.
///
/// # Errors
/// If the page can't be read to its end. What was shown until then is to be thrown away.
pub(super) fn parse(
    body: &[u8],
    content_type: Option<&str>,
    mut each: impl FnMut(&Sample<'_, '_>),
) -> Result<(), ReadError> {
    if body.len() > MAX_BODY {
        return Err(ReadError::TooLarge);
    }
    let wants_eof = is_openmetrics(content_type)?;
    let text = str::from_utf8(body).map_err(|error| not_utf8(body, error.valid_up_to()))?;
    let (mut labels, mut samples, mut ended, mut last) = (Vec::new(), 0, false, 0);
    for (number, line) in (1..).zip(text.split_terminator('\n')) {
        last = number;
        let wrong = |expected| ReadError::Line { line: number, expected };
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() {
            continue;
        }
        if ended {
            return Err(wrong("nothing after `# EOF`"));
        }
        if line.len() > MAX_LINE {
            return Err(wrong("a shorter line"));
        }
        if line.starts_with('#') {
            ended = wants_eof && line == "# EOF";
            continue;
        }
        samples += 1;
        if samples > MAX_SAMPLES {
            return Err(ReadError::TooManySamples);
        }
        labels.clear();
        let (name, value) = line::read(line, &mut labels).map_err(wrong)?;
        each(&Sample { name: &name, labels: &labels, value });
    }
    let is_whole = if wants_eof { ended } else { text.is_empty() || text.ends_with('\n') };
    if is_whole { Ok(()) } else { Err(ReadError::Cut { line: last }) }
}

/// Whether it is OpenMetrics. Everything else that is text is read as 0.0.4, whatever it is called.
fn is_openmetrics(content_type: Option<&str>) -> Result<bool, ReadError> {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/vnd.google.protobuf") {
        return Err(ReadError::Protobuf);
    }
    Ok(kind.eq_ignore_ascii_case("application/openmetrics-text"))
}

fn not_utf8(body: &[u8], valid: usize) -> ReadError {
    let before = body.iter().take(valid);
    ReadError::NotUtf8 { line: 1 + before.filter(|byte| **byte == b'\n').count() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENMETRICS: Option<&str> = Some("application/openmetrics-text; version=1.0.0");

    fn names(body: &str, content_type: Option<&str>) -> Result<Vec<String>, ReadError> {
        let mut names = Vec::new();
        parse(body.as_bytes(), content_type, |sample| names.push(sample.name.to_owned()))?;
        Ok(names)
    }

    #[test]
    fn comments_blanks_and_both_line_ends_are_fine() {
        let body =
            "# HELP a A \\n b.\r\n# TYPE a gauge\r\n# UNIT a seconds\n#\n\n  a 1\r\n\tb 2 \n";
        assert_eq!(names(body, None).unwrap(), ["a", "b"]);
        assert_eq!(names("", None).unwrap(), [""; 0]);
        assert_eq!(names("# EOF\na 1\n", Some("text/plain")).unwrap(), ["a"]);
        assert_eq!(names("a 1\n# EOF", OPENMETRICS).unwrap(), ["a"]);
        assert_eq!(names("a 1\n# EOF\n\n", OPENMETRICS).unwrap(), ["a"]);
    }

    #[test]
    fn a_page_without_its_end_is_none() {
        let cut = Err(ReadError::Cut { line: 2 });
        assert_eq!(names("a 1\nb 2", None), cut);
        assert_eq!(names("a 1\nb 2\n", OPENMETRICS), cut);
        assert_eq!(names("", OPENMETRICS), Err(ReadError::Cut { line: 0 }));
        let after = names("# EOF\na 1\n", OPENMETRICS).unwrap_err();
        assert_eq!(after.to_string(), "line 2 of the exposition: expected nothing after `# EOF`");
    }

    #[test]
    fn what_is_no_exposition_is_told_by_line_without_repeating_it() {
        let html = names("<!doctype html>\n", Some("text/html")).unwrap_err();
        assert_eq!(html.to_string(), "line 1 of the exposition: expected a metric name");
        let mut each = |_: &Sample<'_, '_>| {};
        assert_eq!(parse(b"a 1\nb\xff 2\n", None, &mut each), Err(ReadError::NotUtf8 { line: 2 }));
        let protobuf = Some("application/vnd.google.protobuf; encoding=delimited");
        assert_eq!(parse(b"", protobuf, &mut each), Err(ReadError::Protobuf));
    }

    #[test]
    fn there_are_bounds() {
        let mut each = |_: &Sample<'_, '_>| {};
        let large = vec![b'\n'; MAX_BODY + 1];
        assert_eq!(parse(&large, None, &mut each), Err(ReadError::TooLarge));
        assert_eq!(parse(&large[1..], None, &mut each), Ok(()));
        let many = "a 1\n".repeat(MAX_SAMPLES + 1);
        assert_eq!(parse(many.as_bytes(), None, &mut each), Err(ReadError::TooManySamples));
        assert_eq!(parse(&many.as_bytes()[4..], None, &mut each), Ok(()));
        let long = format!("a{{b=\"{}\"}} 1\n", "x".repeat(MAX_LINE));
        assert!(matches!(
            parse(long.as_bytes(), None, &mut each),
            Err(ReadError::Line { line: 1, expected: "a shorter line" })
        ));
    }
}
