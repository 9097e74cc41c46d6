//! What stands between braces.

use std::borrow::Cow;

use super::line::Expected;

/// Names and values.
pub(super) type Labels<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Most labels of a sample; vLLM's configuration has about forty.
const MAX_LABELS: usize = 256;
const BLANKS: [char; 2] = [' ', '\t'];

/// Reads up to the closing brace. Returns the metric's name, if it is quoted and stands first in here, and
/// what is behind the brace.
pub(super) fn read<'a>(
    mut rest: &'a str,
    labels: &mut Labels<'a>,
) -> Result<(Option<Cow<'a, str>>, &'a str), Expected> {
    let mut metric = None;
    loop {
        rest = rest.trim_start_matches(BLANKS);
        if let Some(rest) = rest.strip_prefix('}') {
            return Ok((metric, rest));
        }
        let is_first = labels.is_empty() && metric.is_none();
        let (name, after, is_quoted) = name(rest)?;
        let after = after.trim_start_matches(BLANKS);
        rest = match after.strip_prefix('=') {
            Some(after) => {
                let quoted = after.trim_start_matches(BLANKS).strip_prefix('"');
                let (value, after) = text(quoted.ok_or("a quoted label value")?)?;
                if labels.len() == MAX_LABELS {
                    return Err("fewer labels");
                }
                labels.push((name, value));
                after
            }
            None if is_quoted && is_first => {
                metric = Some(name);
                after
            }
            None => return Err("`=` after a label's name"),
        };
        rest = rest.trim_start_matches(BLANKS);
        rest = match rest.strip_prefix(',') {
            Some(rest) => rest,
            None if rest.starts_with('}') => rest,
            None => return Err("`,` or `}` after a label"),
        };
    }
}

/// A label's name, bare or quoted, what is behind it, and whether it is quoted.
fn name(rest: &str) -> Result<(Cow<'_, str>, &str, bool), Expected> {
    if let Some(quoted) = rest.strip_prefix('"') {
        let (name, after) = text(quoted)?;
        return Ok((name, after, true));
    }
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let (name, after) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
    match name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        true => Err("a label's name"),
        false => Ok((Cow::Borrowed(name), after, false)),
    }
}

/// Text up to the closing quote, unescaped, and what is behind it. An escape that does not exist stands for
/// itself, without its backslash.
fn text(rest: &str) -> Result<(Cow<'_, str>, &str), Expected> {
    const OPEN: Expected = "the end of a quoted text";
    let at = rest.find(['"', '\\']).ok_or(OPEN)?;
    if rest[at..].starts_with('"') {
        return Ok((Cow::Borrowed(&rest[..at]), &rest[at + 1..]));
    }
    let mut text = String::from(&rest[..at]);
    let mut characters = rest[at..].char_indices();
    while let Some((further, character)) = characters.next() {
        match character {
            '"' => return Ok((Cow::Owned(text), &rest[at + further + 1..])),
            '\\' => match characters.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, escaped)) => text.push(escaped),
                None => break,
            },
            other => text.push(other),
        }
    }
    Err(OPEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_hold_anything() {
        let mut labels = Labels::new();
        let text = r#"x="q\"u\\o\n,}",y="",z="é=\d"} 1"#;
        assert_eq!(read(text, &mut labels), Ok((None, " 1")));
        let expected = [("x", "q\"u\\o\n,}"), ("y", ""), ("z", "é=d")];
        assert!(labels.iter().map(|(name, value)| (&**name, &**value)).eq(expected));
    }

    #[test]
    fn there_is_a_most() {
        let many = |count| format!("{}}}", "a=\"\",".repeat(count));
        assert!(read(&many(MAX_LABELS), &mut Labels::new()).is_ok());
        assert_eq!(read(&many(MAX_LABELS + 1), &mut Labels::new()), Err("fewer labels"));
    }
}
