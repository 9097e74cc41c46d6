//! The top-level members of a JSON object, found while its bytes pass by: bounded memory whatever
//! the size of the body, and no trust in the order of the keys.
//!
//! This is a scan, not a validating parser: inside values it follows only strings and brackets,
//! which is enough to never take text for structure.

mod block;
mod nested;
mod text;

use crate::wanted::{Found, Kept, Wanted};
pub(crate) use nested::Nested;
pub(crate) use text::plain_length;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the opening brace.
    Before,
    /// Behind the opening brace: a key or the closing brace must come.
    FirstKey,
    /// Behind a comma: a key must come.
    Key,
    InKey,
    Colon,
    Value,
    /// In a string at the top level.
    Text,
    /// In a number or a literal at the top level.
    Scalar,
    /// In an array or object.
    Nested,
    /// Behind a value.
    Comma,
    /// Behind the closing brace.
    Done,
    Invalid,
}

/// The scan of one body.
#[derive(Debug)]
pub(crate) struct Members {
    kept: Kept,
    state: State,
    /// In a key or a string: the next byte is escaped.
    escaped: bool,
    array: bool,
    nested: Nested,
    /// What has come of a key that is cut in two.
    key: Vec<u8>,
    /// Index of the member at hand, if it is wanted.
    keep: Option<usize>,
    offset: u64,
    end: Option<u64>,
}

/// Longer keys are nobody's: the raw bytes of a wanted key, escapes included, are fewer.
const KEY_LIMIT: usize = 256;

impl Members {
    pub(crate) fn new(wanted: &'static [Wanted]) -> Self {
        Self {
            kept: Kept::new(wanted),
            state: State::Before,
            escaped: false,
            array: false,
            nested: Nested::begun(),
            key: Vec::new(),
            keep: None,
            offset: 0,
            end: None,
        }
    }

    /// Forgets what it has read.
    pub(crate) fn restart(&mut self) {
        *self = Self::new(self.kept.wanted());
    }

    /// The value of a wanted member, as raw JSON.
    pub(crate) fn get(&self, name: &str) -> Found<'_> {
        self.kept.get(name)
    }

    /// The same, of the member with this index among the wanted.
    pub(crate) fn at(&self, index: usize) -> Found<'_> {
        self.kept.at(index)
    }

    /// Whether the object is there whole, with nothing behind it.
    pub(crate) fn is_complete(&self) -> bool {
        self.state == State::Done
    }

    /// Whether this is no JSON object.
    pub(crate) fn is_invalid(&self) -> bool {
        self.state == State::Invalid
    }

    /// Whether this is an array instead.
    pub(crate) fn is_array(&self) -> bool {
        self.array
    }

    /// Whether a wanted member was larger than its limit.
    pub(crate) fn has_too_large(&self) -> bool {
        self.kept.has_too_large()
    }

    /// Offset of the closing brace.
    pub(crate) fn end(&self) -> Option<u64> {
        self.end
    }

    /// Reads on.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        let mut state = self.state;
        while let Some((byte, behind)) = rest.split_first() {
            (state, rest) = match (state, byte) {
                (State::Comma, b',') => (State::Key, behind),
                (State::FirstKey | State::Key, b'"') => self.key(behind),
                (State::InKey, _) => self.key(rest),
                (State::Colon, b':') => (self.begin_value(), behind),
                (State::Value, b'"') => self.text(rest, 1),
                (State::Text, _) => self.text(rest, 0),
                (State::Value, b'{' | b'[') => {
                    self.nested = Nested::begun();
                    self.nested(rest, 1)
                }
                (State::Nested, _) => self.nested(rest, 0),
                (State::Value, b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
                | (State::Scalar, _) => self.scalar(rest),
                (State::FirstKey | State::Comma, b'}') => {
                    self.end = Some(self.offset + (bytes.len() - rest.len()) as u64);
                    (State::Done, behind)
                }
                (State::Before, b'{') => (State::FirstKey, behind),
                (State::Invalid, _) => break,
                (_, b' ' | b'\t' | b'\n' | b'\r') => (state, behind),
                // A byte order mark, which Python's reader takes too.
                (State::Before, 0xef | 0xbb | 0xbf)
                    if self.offset + ((bytes.len() - rest.len()) as u64) < 3 =>
                {
                    (state, behind)
                }
                _ => {
                    self.array = state == State::Before && *byte == b'[';
                    (State::Invalid, behind)
                }
            };
        }
        self.state = state;
        self.offset += bytes.len() as u64;
    }

    /// Inside a key; returns the state behind it and what follows.
    fn key<'a>(&mut self, bytes: &'a [u8]) -> (State, &'a [u8]) {
        let Some(end) = text::end(bytes, &mut self.escaped) else {
            self.begin_key(bytes);
            return (State::InKey, &[]);
        };
        let (key, rest) = (&bytes[..end - 1], &bytes[end..]);
        self.keep = if self.key.is_empty() { self.index_of(key) } else { self.end_key(key) };
        (State::Colon, rest)
    }

    /// Takes a part of a key that is cut in two.
    #[cold]
    fn begin_key(&mut self, part: &[u8]) {
        // One byte more than there may be tells that it is nobody's.
        let room = (KEY_LIMIT + 1).saturating_sub(self.key.len());
        self.key.extend_from_slice(&part[..part.len().min(room)]);
    }

    /// Takes the last part of it; returns its index.
    #[cold]
    fn end_key(&mut self, part: &[u8]) -> Option<usize> {
        self.begin_key(part);
        let key = std::mem::take(&mut self.key);
        self.index_of(&key)
    }

    fn begin_value(&mut self) -> State {
        if let Some(index) = self.keep {
            self.kept.begin(index);
        }
        State::Value
    }

    /// Inside a string, of which so many bytes have been read; returns the state behind it and what
    /// follows.
    fn text<'a>(&mut self, bytes: &'a [u8], read: usize) -> (State, &'a [u8]) {
        let end = text::end(&bytes[read..], &mut self.escaped);
        self.value(bytes, end.map(|end| read + end), State::Text)
    }

    /// The same for an array or object.
    fn nested<'a>(&mut self, bytes: &'a [u8], read: usize) -> (State, &'a [u8]) {
        let end = self.nested.end(&bytes[read..]);
        self.value(bytes, end.map(|end| read + end), State::Nested)
    }

    /// The same for a number or a literal.
    fn scalar<'a>(&mut self, bytes: &'a [u8]) -> (State, &'a [u8]) {
        let end = bytes.iter().position(is_delimiter);
        self.value(bytes, end, State::Scalar)
    }

    /// Keeps what has come of a value, if it is wanted; `within` is the state before its end.
    fn value<'a>(
        &mut self,
        bytes: &'a [u8],
        end: Option<usize>,
        within: State,
    ) -> (State, &'a [u8]) {
        let (value, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        if let Some(index) = self.keep {
            self.kept.keep(index, value);
        }
        (if end.is_some() { State::Comma } else { within }, rest)
    }

    fn index_of(&self, key: &[u8]) -> Option<usize> {
        let index = self.kept.index_of(key);
        if index.is_none() && key.contains(&b'\\') { self.index_of_escaped(key) } else { index }
    }

    #[cold]
    fn index_of_escaped(&self, key: &[u8]) -> Option<usize> {
        if key.len() > KEY_LIMIT {
            return None;
        }
        let quoted = [b"\"", key, b"\""].concat();
        let key: String = serde_json::from_slice(&quoted).ok()?;
        self.kept.index_of(key.as_bytes())
    }
}

/// Whether a number or a literal ends before this byte.
pub(crate) fn is_delimiter(byte: &u8) -> bool {
    matches!(byte, b',' | b'}' | b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'{' | b'[' | b']' | b':')
}

/// How much of `bytes` belongs to a string, from behind its first quote; `None` if it does not end there.
pub(crate) fn end_of_text(bytes: &[u8]) -> Option<usize> {
    text::end(bytes, &mut false)
}

#[cfg(test)]
mod by_byte;
#[cfg(test)]
mod tests;
