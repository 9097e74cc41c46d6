//! The scan of a JSON object's members, byte by byte and with no thought of speed: the second reading
//! that the scan is judged by, here and in `fuzz/`.

/// What was read of a body.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Offset of the closing brace.
    pub(crate) end: Option<u64>,
    pub(crate) is_invalid: bool,
    pub(crate) is_array: bool,
    /// Keys and values in their order, as they stand there; of a body that breaks off the last value may
    /// lack its end. A key that no colon follows is none.
    pub(crate) members: Vec<(Vec<u8>, Vec<u8>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Key { first: bool },
    InKey { escaped: bool },
    Colon,
    Value,
    InString { escaped: bool },
    Scalar,
    Nested,
    Comma,
    Done,
}

/// Reads a body.
pub(crate) fn read(body: &[u8]) -> Reading {
    let mut reading = Reading::default();
    let mut state = State::Before;
    let mut depth = 0;
    let mut key = Vec::new();
    for (offset, &byte) in body.iter().enumerate() {
        let Some(next) = next(state, byte, &mut depth, offset) else {
            reading.is_invalid = true;
            reading.is_array = state == State::Before && byte == b'[';
            return reading;
        };
        match (state, next) {
            (_, State::InKey { .. }) if matches!(state, State::Key { .. }) => key.clear(),
            (_, State::InKey { .. }) => key.push(byte),
            (State::Colon, State::Value) => {
                reading.members.push((std::mem::take(&mut key), Vec::new()));
            }
            (State::Value, State::Value) | (State::Scalar, State::Comma | State::Key { .. }) => {}
            (State::Scalar, State::Done) => {}
            (State::Value | State::InString { .. } | State::Nested | State::Scalar, _) => {
                if let Some((_, value)) = reading.members.last_mut() {
                    value.push(byte);
                }
            }
            _ => {}
        }
        if next == State::Done && state != State::Done {
            reading.end = Some(offset as u64);
        }
        state = next;
    }
    reading
}

/// The state behind a byte; `None` where it can't stand.
fn next(state: State, byte: u8, depth: &mut usize, offset: usize) -> Option<State> {
    let is_blank = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    Some(match (state, byte) {
        (State::InKey { escaped: false }, b'"') => State::Colon,
        (State::InKey { escaped }, _) => State::InKey { escaped: !escaped && byte == b'\\' },
        (State::InString { escaped: false }, b'"') if *depth == 0 => State::Comma,
        (State::InString { escaped: false }, b'"') => State::Nested,
        (State::InString { escaped }, _) => State::InString { escaped: !escaped && byte == b'\\' },
        (State::Nested, b'"') => State::InString { escaped: false },
        (State::Nested, b'{' | b'[') => {
            *depth += 1;
            State::Nested
        }
        (State::Nested, b'}' | b']') => {
            *depth -= 1;
            if *depth == 0 { State::Comma } else { State::Nested }
        }
        (State::Nested, _) => State::Nested,
        (State::Scalar | State::Comma, b',') => State::Key { first: false },
        (State::Scalar | State::Comma, b'}') => State::Done,
        (State::Scalar, _) if is_blank => State::Comma,
        (State::Scalar, b'"' | b'{' | b'[' | b']' | b':') => return None,
        (State::Scalar, _) => State::Scalar,
        (state, _) if is_blank => state,
        (State::Before, 0xef | 0xbb | 0xbf) if offset < 3 => State::Before,
        (State::Before, b'{') => State::Key { first: true },
        (State::Key { .. }, b'"') => State::InKey { escaped: false },
        (State::Key { first: true }, b'}') => State::Done,
        (State::Colon, b':') => State::Value,
        (State::Value, b'"') => State::InString { escaped: false },
        (State::Value, b'{' | b'[') => {
            *depth = 1;
            State::Nested
        }
        (State::Value, b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => {
            State::Scalar
        }
        _ => return None,
    })
}
