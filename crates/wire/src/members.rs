//! The top-level members of a JSON object, found while its bytes pass by: bounded memory whatever
//! the size of the body, and no trust in the order of the keys.
//!
//! This is a scan, not a validating parser: inside values it follows only strings and brackets,
//! which is enough to never take text for structure.

use memchr::memchr2;

use crate::wanted::{Found, Kept, Slot, Wanted};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the opening brace.
    Before,
    /// Behind the opening brace (`first`) or a comma: a key must come.
    Key {
        first: bool,
    },
    InKey {
        escaped: bool,
    },
    Colon,
    Value,
    InString {
        escaped: bool,
    },
    /// In a number or a literal at the top level.
    Scalar,
    /// In an array or object, outside of strings.
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
    wanted: &'static [Wanted],
    kept: Kept,
    state: State,
    depth: u32,
    key: Vec<u8>,
    /// Index of the member that is being kept.
    keep: Option<usize>,
    offset: u64,
    end: Option<u64>,
    array: bool,
}

/// Longer keys are nobody's: the raw bytes of a wanted key, escapes included, are fewer.
const KEY_LIMIT: usize = 256;

impl Members {
    pub(crate) fn new(wanted: &'static [Wanted]) -> Self {
        Self {
            wanted,
            kept: Kept::new(wanted),
            state: State::Before,
            depth: 0,
            key: Vec::new(),
            keep: None,
            offset: 0,
            end: None,
            array: false,
        }
    }

    /// Forgets what it has read.
    pub(crate) fn restart(&mut self) {
        *self = Self::new(self.wanted);
    }

    /// The value of a wanted member, as raw JSON.
    pub(crate) fn get(&self, name: &str) -> Found<'_> {
        self.kept.get(name)
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
        let mut at = 0;
        while at < bytes.len() && self.state != State::Invalid {
            at += match self.state {
                State::InString { escaped } => self.string(&bytes[at..], escaped),
                State::Nested => self.nested(&bytes[at..]),
                _ => {
                    self.step(bytes[at], self.offset + at as u64);
                    1
                }
            };
        }
        self.offset += bytes.len() as u64;
    }

    /// One byte outside of strings and nested values.
    fn step(&mut self, byte: u8, offset: u64) {
        let blank = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.state = match (self.state, byte) {
            (State::InKey { escaped: false }, b'"') => State::Colon,
            (State::InKey { escaped }, _) => {
                if self.key.len() < KEY_LIMIT {
                    self.key.push(byte);
                }
                State::InKey { escaped: !escaped && byte == b'\\' }
            }
            (State::Scalar, b',' | b'}') => return self.after_value(byte, offset),
            (State::Scalar, _) if blank => State::Comma,
            (State::Scalar, b'"' | b'{' | b'[' | b']' | b':') => State::Invalid,
            (State::Scalar, _) => {
                self.store(&[byte]);
                State::Scalar
            }
            (state, _) if blank => state,
            // A byte order mark, which Python's reader takes too.
            (State::Before, 0xef | 0xbb | 0xbf) if offset < 3 => State::Before,
            (State::Before, b'{') => State::Key { first: true },
            (State::Key { .. }, b'"') => {
                self.key.clear();
                State::InKey { escaped: false }
            }
            (State::Key { first: true }, b'}') => return self.close(offset),
            (State::Colon, b':') => {
                self.begin_value();
                State::Value
            }
            (State::Value, b'"') => {
                self.store(b"\"");
                State::InString { escaped: false }
            }
            (State::Value, b'{' | b'[') => {
                self.store(&[byte]);
                self.depth = 1;
                State::Nested
            }
            (State::Value, b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => {
                self.store(&[byte]);
                State::Scalar
            }
            (State::Comma, b',' | b'}') => return self.after_value(byte, offset),
            (state, _) => {
                self.array = state == State::Before && byte == b'[';
                State::Invalid
            }
        };
    }

    fn after_value(&mut self, byte: u8, offset: u64) {
        if byte == b'}' {
            self.close(offset);
        } else {
            self.state = State::Key { first: false };
        }
    }

    fn close(&mut self, offset: u64) {
        self.end = Some(offset);
        self.state = State::Done;
    }

    /// Inside a string of a value; returns how many bytes were taken.
    fn string(&mut self, bytes: &[u8], escaped: bool) -> usize {
        let mut taken = usize::from(escaped);
        self.state = loop {
            match memchr2(b'"', b'\\', &bytes[taken..]) {
                None => {
                    taken = bytes.len();
                    break State::InString { escaped: false };
                }
                Some(found) if bytes[taken + found] == b'"' => {
                    taken += found + 1;
                    break if self.depth == 0 { State::Comma } else { State::Nested };
                }
                // A backslash and the byte that it escapes, if that is here.
                Some(found) if taken + found + 1 < bytes.len() => taken += found + 2,
                Some(_) => {
                    taken = bytes.len();
                    break State::InString { escaped: true };
                }
            }
        };
        self.store(&bytes[..taken]);
        taken
    }

    /// Inside an array or object; returns how many bytes were taken.
    fn nested(&mut self, bytes: &[u8]) -> usize {
        for (index, byte) in bytes.iter().enumerate() {
            match byte {
                b'"' => self.state = State::InString { escaped: false },
                b'{' | b'[' => {
                    self.depth = self.depth.saturating_add(1);
                    continue;
                }
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth > 0 {
                        continue;
                    }
                    self.state = State::Comma;
                }
                _ => continue,
            }
            self.store(&bytes[..=index]);
            return index + 1;
        }
        self.store(bytes);
        bytes.len()
    }

    fn begin_value(&mut self) {
        self.keep = self.index_of_key();
        if let Some(index) = self.keep {
            self.kept.set(index, Slot::begun());
        }
    }

    fn index_of_key(&self) -> Option<usize> {
        if !self.key.contains(&b'\\') {
            return self.kept.index_of(&self.key);
        }
        let quoted = [b"\"", self.key.as_slice(), b"\""].concat();
        let key: String = serde_json::from_slice(&quoted).ok()?;
        self.kept.index_of(key.as_bytes())
    }

    fn store(&mut self, bytes: &[u8]) {
        if let Some(index) = self.keep {
            self.kept.keep(index, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &[Wanted] = &[
        Wanted { name: "model", limit: 16 },
        Wanted { name: "stream", limit: 8 },
        Wanted { name: "usage", limit: 64 },
    ];

    fn scan(body: &[u8], size: usize) -> Members {
        let mut members = Members::new(WANTED);
        for piece in body.chunks(size) {
            members.push(piece);
        }
        members
    }

    fn check(body: &str, model: Option<&str>, stream: Option<&str>, complete: bool) {
        for size in 1..=body.len().max(1) {
            let members = scan(body.as_bytes(), size);
            let text = |name| members.get(name).value().map(|v| std::str::from_utf8(v).unwrap());
            assert_eq!(text("model"), model, "{body} in {size}");
            assert_eq!(text("stream"), stream, "{body} in {size}");
            assert_eq!(members.is_complete(), complete, "{body} in {size}");
            if complete {
                let end = body.rfind('}').unwrap() as u64;
                assert_eq!(members.end(), Some(end), "{body} in {size}");
            }
        }
    }

    #[test]
    fn finds_members_wherever_they_stand() {
        check(r#"{"model":"a","stream":true}"#, Some(r#""a""#), Some("true"), true);
        check(
            " {\n\"x\" : [1,{\"model\":\"no\",\"y\":\"]}\\\"\"}], \"stream\" : true , \"model\":\"b\"} \n",
            Some(r#""b""#),
            Some("true"),
            true,
        );
        check("{}", None, None, true);
        check("{\"\\u006dodel\":\"c\"}", Some(r#""c""#), None, true);
    }

    #[test]
    fn text_is_never_structure() {
        check(
            r#"{"p":"{\"model\":\"x\",\"stream\":true}","q":"\\","stream":false}"#,
            None,
            Some("false"),
            true,
        );
    }

    #[test]
    fn the_last_of_a_repeated_key_counts() {
        check(
            r#"{"model":"a","model":"b","stream":true,"stream":1}"#,
            Some("\"b\""),
            Some("1"),
            true,
        );
    }

    #[test]
    fn a_value_over_its_limit_is_not_kept() {
        let members = scan(br#"{"model":"abcdefghijklmnopqrstuvwxyz","stream":true}"#, 5);
        assert_eq!(members.get("model"), Found::TooLarge);
        assert_eq!(members.get("stream"), Found::Value(b"true"));
    }

    #[test]
    fn what_is_no_object_is_invalid() {
        for body in [
            "[1]",
            "x",
            "{model:1}",
            r#"{"a" 1}"#,
            r#"{"a":1,}"#,
            "{}x",
            r#"{"a":}"#,
            r#"{"a":1"b"}"#,
        ] {
            let members = scan(body.as_bytes(), 1);
            assert!(members.is_invalid(), "{body}");
        }
        for body in ["", "{", r#"{"a"#, r#"{"a":[1,"#, r#"{"a":1"#] {
            let members = scan(body.as_bytes(), 1);
            assert!(!members.is_invalid() && !members.is_complete(), "{body}");
        }
    }

    #[test]
    fn a_byte_order_mark_may_come_first() {
        assert!(scan(b"\xef\xbb\xbf{\"model\":\"a\"}", 2).is_complete());
    }

    #[test]
    fn depth_has_no_limit_and_no_recursion() {
        let body =
            [b"{\"a\":".to_vec(), vec![b'['; 1 << 20], vec![b']'; 1 << 20], b"}".to_vec()].concat();
        assert!(scan(&body, 4096).is_complete());
    }
}
