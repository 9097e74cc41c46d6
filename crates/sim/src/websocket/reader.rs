//! The frames of a client, put together to messages.

use bytes::{Buf, BytesMut};

use super::deflate::Inflater;
use super::{CLOSE, COMPRESSED, FINAL, PING, PONG, TEXT};

const CONTINUATION: u8 = 0x0;
const BINARY: u8 = 0x2;

/// uvicorn takes messages up to this length.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// What a client said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Text(String),
    Binary,
    Ping(Vec<u8>),
    Pong,
    /// With the client's code, if it gave one.
    Close(Option<u16>),
}

/// What a client must not say; with the code to close the connection with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation(pub(crate) u16);

const PROTOCOL_ERROR: Violation = Violation(1002);
const NOT_TEXT: Violation = Violation(1007);
const TOO_BIG: Violation = Violation(1009);

/// Puts a client's messages together.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// The fragments of a message that is not yet complete, and how it began.
    open: Option<(u8, Vec<u8>)>,
    /// If compression was agreed on.
    inflater: Option<Inflater>,
}

struct Header {
    first: u8,
    mask: [u8; 4],
    start: usize,
    length: usize,
}

impl Reader {
    pub(crate) fn new(compressed: bool) -> Self {
        Self { open: None, inflater: compressed.then(|| Inflater::new(MAX_MESSAGE)) }
    }

    /// Takes the next message out of `input`, if it is there whole.
    pub(crate) fn next(&mut self, input: &mut BytesMut) -> Result<Option<Message>, Violation> {
        loop {
            let Some(header) = header(input)? else { return Ok(None) };
            let Header { first, mask, start, length } = header;
            let so_far = self.open.as_ref().map_or(0, |(_, fragments)| fragments.len());
            if length > MAX_MESSAGE - so_far {
                return Err(TOO_BIG);
            }
            if input.len() < start + length {
                return Ok(None);
            }
            input.advance(start);
            let payload = input.split_to(length);
            let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key);
            if let Some(message) = self.add(first, payload.collect())? {
                return Ok(Some(message));
            }
        }
    }

    fn add(&mut self, first: u8, payload: Vec<u8>) -> Result<Option<Message>, Violation> {
        let (is_final, opcode) = (first & FINAL != 0, first & 0xf);
        if first & COMPRESSED != 0 && (self.inflater.is_none() || !matches!(opcode, TEXT | BINARY))
        {
            return Err(PROTOCOL_ERROR);
        }
        if opcode >= CLOSE {
            return if is_final { control(opcode, payload).map(Some) } else { Err(PROTOCOL_ERROR) };
        }
        let (began, whole) = match (opcode, self.open.take()) {
            (CONTINUATION, Some((began, mut fragments))) => {
                fragments.extend_from_slice(&payload);
                (began, fragments)
            }
            (TEXT | BINARY, None) => (first, payload),
            _ => return Err(PROTOCOL_ERROR),
        };
        if !is_final {
            self.open = Some((began, whole));
            return Ok(None);
        }
        self.message(began, whole).map(Some)
    }

    /// A message that is there whole.
    fn message(&mut self, began: u8, mut whole: Vec<u8>) -> Result<Message, Violation> {
        if let Some(inflater) = self.inflater.as_mut().filter(|_| began & COMPRESSED != 0) {
            whole = inflater.message(&whole).map_err(|_| TOO_BIG)?;
        }
        match began & 0xf {
            TEXT => String::from_utf8(whole).map(Message::Text).map_err(|_| NOT_TEXT),
            _ => Ok(Message::Binary),
        }
    }
}

fn control(opcode: u8, payload: Vec<u8>) -> Result<Message, Violation> {
    match (opcode, payload.as_slice()) {
        (_, payload) if payload.len() > 125 => Err(PROTOCOL_ERROR),
        (CLOSE, []) => Ok(Message::Close(None)),
        (CLOSE, [high, low, ..]) => Ok(Message::Close(Some(u16::from_be_bytes([*high, *low])))),
        (PING, _) => Ok(Message::Ping(payload)),
        (PONG, _) => Ok(Message::Pong),
        _ => Err(PROTOCOL_ERROR),
    }
}

/// The header of the next frame, if it is there whole.
fn header(input: &[u8]) -> Result<Option<Header>, Violation> {
    let [first, second, rest @ ..] = input else { return Ok(None) };
    // Two of the bits mean nothing, and a client has to mask.
    if first & 0x30 != 0 || second & 0x80 == 0 {
        return Err(PROTOCOL_ERROR);
    }
    let (wide, short) = match second & 0x7f {
        126 => (2, 0),
        127 => (8, 0),
        length => (0, usize::from(length)),
    };
    let (Some(length), Some(mask)) = (rest.get(..wide), rest.get(wide..wide + 4)) else {
        return Ok(None);
    };
    let long = length.iter().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
    let length = usize::try_from(long).unwrap_or(usize::MAX).max(short);
    let mask = [mask[0], mask[1], mask[2], mask[3]];
    Ok(Some(Header { first: *first, mask, start: 2 + wide + 4, length }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::frame;

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = frame(first & 0xf, payload);
        (out[0], out[1]) = (first, out[1] | 0x80);
        let at = out.len() - payload.len();
        let mask = [1, 2, 3, 4];
        out.splice(at..at, mask);
        let keys = mask.iter().cycle();
        out[at + 4..].iter_mut().zip(keys).for_each(|(byte, key)| *byte ^= key);
        out
    }

    /// All messages of a stream that comes byte by byte.
    fn read(stream: &[u8]) -> (Vec<Message>, Option<Violation>) {
        let (mut reader, mut input, mut messages) =
            (Reader::default(), BytesMut::new(), Vec::new());
        for byte in stream {
            input.extend_from_slice(&[*byte]);
            match reader.next(&mut input) {
                Ok(message) => messages.extend(message),
                Err(violation) => return (messages, Some(violation)),
            }
        }
        (messages, None)
    }

    #[test]
    fn messages_are_put_together_and_unmasked() {
        let long = "x".repeat(70_000);
        let stream = [
            masked(TEXT, b"Hel"),
            masked(FINAL | PING, b"p"),
            masked(FINAL | CONTINUATION, b"lo"),
            masked(FINAL | TEXT, &long.as_bytes()[..200]),
            masked(FINAL | TEXT, long.as_bytes()),
            masked(FINAL | BINARY, b"\0"),
            masked(FINAL | PONG, b""),
            masked(FINAL | CLOSE, &[3, 232, b'x']),
        ];
        let expected = vec![
            Message::Ping(b"p".to_vec()),
            Message::Text("Hello".to_owned()),
            Message::Text(long[..200].to_owned()),
            Message::Text(long),
            Message::Binary,
            Message::Pong,
            Message::Close(Some(1000)),
        ];
        assert_eq!(read(&stream.concat()), (expected, None));
    }

    #[test]
    fn violations_are_seen() {
        for (stream, violation) in [
            (frame(TEXT, b"not masked"), PROTOCOL_ERROR),
            (masked(FINAL | 0x40 | TEXT, b"compressed"), PROTOCOL_ERROR),
            (masked(FINAL | CONTINUATION, b"of nothing"), PROTOCOL_ERROR),
            (masked(PING, b"in fragments"), PROTOCOL_ERROR),
            (masked(FINAL | TEXT, b"\xff"), NOT_TEXT),
            (masked(FINAL | TEXT, &[b'x'; MAX_MESSAGE + 1])[..20].to_vec(), TOO_BIG),
        ] {
            assert_eq!(read(&stream).1, Some(violation));
        }
    }
}
