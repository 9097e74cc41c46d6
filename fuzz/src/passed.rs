//! Bytes that were given against bytes that were handed back.

use serde_json::Value;

use crate::by_the_standard;

const QUESTION: &[u8] = br#","stream_options":{"include_usage":true}"#;

/// One body on its way through.
#[derive(Debug, Default)]
pub struct Passed {
    /// As they were given.
    pub given: Vec<u8>,
    /// As they were handed back.
    pub got: Vec<u8>,
    /// The caller did what no caller does in the middle of a body: only lengths are compared.
    pub torn: bool,
}

impl Passed {
    /// A piece and what was handed back for it.
    pub fn add(&mut self, piece: &[u8], got: &[u8]) {
        self.given.extend_from_slice(piece);
        self.got.extend_from_slice(got);
    }

    /// Nothing was changed, and nothing is held.
    pub fn assert_same(&self) {
        if !self.is_torn() {
            assert_equal(&self.got, &self.given);
        }
    }

    /// At most `held` bytes of the end are missing.
    pub fn assert_behind(&self, held: usize) {
        if !self.is_torn() {
            assert!(self.given.starts_with(&self.got), "{} is not as given", text(&self.got));
            assert!(self.given.len() - self.got.len() <= held, "more than {held} bytes are held");
        }
    }

    /// The question for usage was put before the last brace, and nothing else was changed.
    pub fn assert_asked(&self) {
        if self.is_torn() {
            return;
        }
        let brace = self.given.iter().rposition(|byte| *byte == b'}').expect("a body to ask in");
        let (before, behind) = self.given.split_at(brace);
        assert_equal(&self.got, &[before, QUESTION, behind].concat());
        assert!(behind[1..].iter().all(u8::is_ascii_whitespace), "text behind {}", text(before));
    }

    /// Nothing was changed, but that events may be missing which tell only usage.
    pub fn assert_only_usage_less(&self) {
        if self.is_torn() {
            return;
        }
        let mut rest = self.got.as_slice();
        for event in events(&self.given) {
            if let Some(behind) = rest.strip_prefix(event) {
                rest = behind;
                continue;
            }
            let is_usage = by_the_standard(event).iter().any(|(_, data)| says_only_usage(data));
            assert!(is_usage, "{} was taken out or changed", text(event));
        }
        assert_equal(rest, b"");
    }

    fn is_torn(&self) -> bool {
        let most = self.given.len() + QUESTION.len();
        assert!(!self.torn || self.got.len() <= most, "bytes were made up");
        self.torn
    }
}

/// Whether a client that did not ask for usage would miss nothing of an event.
fn says_only_usage(data: &[u8]) -> bool {
    // What can't be read as it is was mended by the meter.
    let Ok(event) = serde_json::from_slice::<Value>(data) else { return true };
    let is_filled = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let choices = event["choices"].as_array().map_or(&[][..], Vec::as_slice);
    let says_more = choices.iter().any(|choice| {
        let texts = [&choice["finish_reason"], &choice["text"], &choice["delta"]["content"]];
        // Of a `delta` and a `message` in one choice the last counts, which can't be told here.
        choice["message"].is_null() && texts.into_iter().any(is_filled)
    });
    event["usage"].is_object() && !says_more
}

/// The stream cut behind every blank line.
fn events(stream: &[u8]) -> Vec<&[u8]> {
    let mut events = Vec::new();
    let (mut start, mut at, mut in_line) = (0, 0, false);
    while at < stream.len() {
        let end = match &stream[at..] {
            [b'\r', b'\n', ..] => Some(at + 2),
            [b'\r' | b'\n', ..] => Some(at + 1),
            _ => None,
        };
        at = end.unwrap_or(at + 1);
        if end.is_some() && !in_line {
            events.push(&stream[start..at]);
            start = at;
        }
        in_line = end.is_none();
    }
    events.push(&stream[start..]);
    events
}

/// The same bytes; what differs is printed.
#[track_caller]
pub fn assert_equal(got: &[u8], expected: &[u8]) {
    assert!(got == expected, "\n     got {}\nexpected {}", text(got), text(expected));
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
