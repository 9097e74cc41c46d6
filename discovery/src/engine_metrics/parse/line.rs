//! One line that is a sample.

use std::borrow::Cow;

use super::labels::{self, Labels};

/// What would have been right instead.
pub(super) type Expected = &'static str;

const BLANKS: [char; 2] = [' ', '\t'];

/// Reads `name{labels} value [timestamp] [# {labels} value [timestamp]]`, the part from the `#` on being an
/// exemplar. The name may be quoted and stand within the braces.
pub(super) fn read<'a>(
    line: &'a str,
    labels: &mut Labels<'a>,
) -> Result<(Cow<'a, str>, f64), Expected> {
    let (name, rest) = line.split_at(name_length(line));
    let (quoted, rest) = match rest.trim_start_matches(BLANKS).strip_prefix('{') {
        Some(inside) => labels::read(inside, labels)?,
        None if !name.is_empty() && rest.starts_with(BLANKS) => (None, rest),
        None => return Err("a metric name"),
    };
    let name = match quoted {
        Some(quoted) if name.is_empty() && !quoted.is_empty() => quoted,
        None if !name.is_empty() => Cow::Borrowed(name),
        _ => return Err("a metric name"),
    };
    Ok((name, value(rest)?))
}

/// Classic names only: letters, digits, `_` and `:`, a digit not first.
fn name_length(line: &str) -> usize {
    let ends = |(at, c): (usize, char)| {
        !(c.is_ascii_alphabetic() || c == '_' || c == ':' || (at > 0 && c.is_ascii_digit()))
    };
    line.char_indices().find(|&at| ends(at)).map_or(line.len(), |(at, _)| at)
}

fn value(rest: &str) -> Result<f64, Expected> {
    let (value, rest) = number(rest).ok_or("a number as the value")?;
    let rest = rest.trim_start_matches(BLANKS);
    let rest = match rest.is_empty() || rest.starts_with('#') {
        true => rest,
        false => number(rest).ok_or("a number as the timestamp")?.1.trim_start_matches(BLANKS),
    };
    if rest.is_empty() {
        return Ok(value);
    }
    exemplar(rest).ok_or("an exemplar or the end of the line").map(|()| value)
}

/// An exemplar is only passed over.
fn exemplar(rest: &str) -> Option<()> {
    let rest = rest.strip_prefix('#')?.trim_start_matches(BLANKS).strip_prefix('{')?;
    let (quoted, rest) = labels::read(rest, &mut Labels::new()).ok()?;
    let (_, rest) = number(rest)?;
    let rest = rest.trim_start_matches(BLANKS);
    let rest = if rest.is_empty() { rest } else { number(rest)?.1 };
    (quoted.is_none() && rest.trim_matches(BLANKS).is_empty()).then_some(())
}

/// A number, and what stands behind it. Rust's reading knows all spellings of infinity and of what is no
/// number.
fn number(rest: &str) -> Option<(f64, &str)> {
    let rest = rest.trim_start_matches(BLANKS);
    let (number, rest) = rest.split_at(rest.find(BLANKS).unwrap_or(rest.len()));
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read(line: &str) -> Option<(String, usize, f64)> {
        let mut labels = Labels::new();
        let (name, value) = read(line, &mut labels).ok()?;
        Some((name.into_owned(), labels.len(), value))
    }

    #[test]
    fn samples_of_both_formats_are_read() {
        for (line, name, labels, value) in [
            ("a:b_1 2", "a:b_1", 0, 2.0),
            ("a 1.5e+09 1700000000123", "a", 0, 1.5e9),
            ("a{} -1", "a", 0, -1.0),
            ("a { b = \"c\" , } 3", "a", 1, 3.0),
            ("a{b=\"c\",d=\"\"}3 1700000000.123", "a", 2, 3.0),
            ("a_bucket{le=\"1.0\"} 2 # {trace_id=\"x\"} 0.5 1700000000.1", "a_bucket", 1, 2.0),
            ("a_total 2 3 # {} 0.5", "a_total", 0, 2.0),
            ("a_sum +Inf", "a_sum", 0, f64::INFINITY),
            ("a_sum -inf", "a_sum", 0, f64::NEG_INFINITY),
            ("{\"a.b\",\"c d\"=\"e\"} 4", "a.b", 1, 4.0),
        ] {
            assert_eq!(is_read(line), Some((name.to_owned(), labels, value)), "{line}");
        }
        assert!(is_read("a NaN").is_some_and(|(_, _, value)| value.is_nan()));
    }

    #[test]
    fn other_lines_are_refused() {
        let lines = r##"a|a |1a 2|a b|a 1 b|a 1 2 3|a 1 2 #|a 1 # {|a 1 # {} x|a 1 # {"b"} 1|a 1 # {} 1 2 3|a{ 1|a{b} 1|a{b=c} 1|a{b="c} 1|a{b="c" d="e"} 1|a{,} 1"##;
        let more = r##"a{b="c"}|a{"b"} 1|{} 1|{b="c"} 1|{""} 1|{"a","b"} 1|a-b 1|a.b 1|ä 1|a{ä="b"} 1|a 1,5|{"error":1}|a 0x1|a  1|a#1|#|"##;
        for line in lines.split('|').chain(more.split('|')) {
            assert_eq!(is_read(line), None, "{line}");
        }
    }
}
