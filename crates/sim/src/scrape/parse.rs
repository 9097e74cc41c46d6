//! The text formats: Prometheus 0.0.4 and OpenMetrics 1.0, as far as they are alike.

use super::{Sample, Scrape};

/// A line that is no part of an exposition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the exposition: expected {expected}, found `{found}`")]
pub struct ScrapeError {
    line: usize,
    expected: &'static str,
    found: String,
}

pub(super) fn parse(text: &str) -> Result<Scrape, ScrapeError> {
    let mut scrape = Scrape::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            let mut words = comment.split_whitespace();
            if let (Some("TYPE"), Some(family), Some(kind)) =
                (words.next(), words.next(), words.next())
            {
                scrape.kinds.insert(family.to_owned(), kind.to_owned());
            }
        } else if !line.is_empty() {
            let sample = sample(line).map_err(|expected| ScrapeError {
                line: number,
                expected,
                found: line.chars().take(200).collect(),
            })?;
            scrape.insert(sample);
        }
    }
    Ok(scrape)
}

fn sample(line: &str) -> Result<Sample, &'static str> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace()).ok_or("a value after the name")?;
    let (name, rest) = line.split_at(end);
    let ok = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    if name.is_empty() || !name.chars().all(ok) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("a metric name");
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    // A timestamp or an exemplar may follow.
    let value = rest.split_whitespace().next().ok_or("a value")?;
    let value = value.parse().map_err(|_| "a number as the value")?;
    Ok(Sample { name: name.to_owned(), labels, value })
}

type Labels = Vec<(String, String)>;

/// Reads up to the closing brace; returns what is behind it too.
fn labels(mut rest: &str) -> Result<(Labels, &str), &'static str> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Ok((labels, rest));
        }
        let (name, after) = rest.split_once('=').ok_or("`=` after a label's name")?;
        let quoted = after.trim_start().strip_prefix('"').ok_or("a quoted label value")?;
        let (value, after) = quoted_text(quoted)?;
        labels.push((name.trim().to_owned(), value));
        rest = after;
    }
}

/// Text up to the closing quote, unescaped, and what is behind it.
fn quoted_text(text: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped)) => value.push(escaped),
                None => break,
            },
            _ => value.push(c),
        }
    }
    Err("the end of a label value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_may_hold_anything() {
        let text = "a{x=\"q\\\"u\\\\o\\n,}\",y=\"\"} 1 1700000000\n";
        let scrape = Scrape::parse(text).unwrap();
        let sample = scrape.samples().next().unwrap();
        assert_eq!(sample.label("x"), Some("q\"u\\o\n,}"));
        assert!(sample.has(&[("y", "")]) && !sample.has(&[("z", "")]));
    }

    #[test]
    fn openmetrics_reads_too() {
        let text = "# TYPE a counter\n# HELP a b\na_total 4.0 # {trace_id=\"f\"} 0.5 1.0\n\
            h_bucket{le=\"+Inf\"} 2\nh_bucket{le=\"1.0\"} 1\nh_count 2\nh_sum NaN\n# EOF\n";
        let scrape = Scrape::parse(text).unwrap();
        assert_eq!(scrape.value("a_total", &[]), Some(4.0));
        assert_eq!(scrape.kind("a"), Some("counter"));
        let histogram = scrape.histogram("h", &[]).unwrap();
        assert_eq!(histogram.buckets, [(1.0, 1.0), (f64::INFINITY, 2.0)]);
        assert_eq!(scrape.labels_of("h_bucket", "le").len(), 2);
    }

    #[test]
    fn what_is_no_exposition_is_named() {
        for bad in ["a", "a b", "1a 2", "a{x=1} 2", "a{x=\"1} 2", "{\"error\":1}"] {
            let error = Scrape::parse(&format!("b 1\n{bad}\n")).unwrap_err();
            assert!(error.to_string().contains("line 2"), "{bad}: {error}");
        }
    }
}
