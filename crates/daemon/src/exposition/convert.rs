//! OpenMetrics text 1.0.0, as the `prometheus-client` crate writes it, into Prometheus text 0.0.4.

use std::borrow::Cow;

use super::line::{Line, family, lines, series_length};

/// Converts an OpenMetrics exposition, or a part of one, into text 0.0.4. `# HELP` stands directly
/// before `# TYPE`.
///
/// - `# UNIT`, `# EOF` and exemplars have no counterpart and go.
/// - A counter's family is named after its sample, with `_total`; an info is a gauge with `_info`;
///   a stateset is a gauge; what 0.0.4 does not know is `untyped`.
/// - Help texts escape backslash and newline only; label values are the same in both.
/// - A sample's timestamp is milliseconds instead of seconds.
///
/// A help text without a type goes as well, and so do other comments.
pub fn to_text(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len());
    let mut help = None;
    for line in lines(openmetrics) {
        match Line::of(line) {
            Line::Help { name, words } => help = Some((name, words)),
            Line::Type { name, kind } => {
                let (renamed, kind) = family(name, kind);
                if let Some((_, words)) = help.take().filter(|(of, _)| *of == name) {
                    push(&mut text, &["# HELP ", &renamed, " ", &help_words(words)]);
                }
                push(&mut text, &["# TYPE ", &renamed, " ", kind]);
            }
            Line::Sample(sample) => push_sample(&mut text, sample),
            Line::Dropped => {}
        }
    }
    text
}

/// `\"` becomes `"`; a backslash that escapes nothing that 0.0.4 knows is escaped itself, or the
/// whole scrape fails.
fn help_words(words: &str) -> Cow<'_, str> {
    if !words.contains('\\') {
        return words.into();
    }
    let mut escaped = String::with_capacity(words.len());
    let mut rest = words.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            escaped.push(character);
            continue;
        }
        let before = rest.clone();
        match rest.next() {
            Some('"') => escaped.push('"'),
            Some('n') => escaped.push_str("\\n"),
            Some('\\') => escaped.push_str("\\\\"),
            _ => {
                escaped.push_str("\\\\");
                rest = before;
            }
        }
    }
    escaped.into()
}

fn push_sample(text: &mut String, sample: &str) {
    let (series, rest) = sample.split_at(series_length(sample));
    // Behind the labels nothing is quoted any more: a `#` begins the exemplar.
    let values = rest.split_once(" # ").map_or(rest, |(values, _exemplar)| values);
    let mut values = values.split_ascii_whitespace();
    let value = values.next().unwrap_or_default();
    match values.next().and_then(|timestamp| timestamp.parse::<f64>().ok()) {
        Some(seconds) => {
            push(text, &[series, " ", value, " ", &format!("{:.0}", seconds * 1000.0)]);
        }
        None => push(text, &[series, " ", value]),
    }
}

fn push(text: &mut String, parts: &[&str]) {
    text.extend(parts.iter().copied());
    text.push('\n');
}

#[cfg(test)]
mod tests;
