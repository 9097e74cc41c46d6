//! Chunked bodies, which proxies cut anew wherever they like.

use super::Step;

/// Bytes that are no chunk.
#[derive(Debug, thiserror::Error)]
#[error("byte {byte:#04x} in the framing of a chunk, {expected} expected")]
pub(crate) struct BadChunk {
    byte: u8,
    expected: &'static str,
}

/// How far a chunked body was read.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    at: At,
    /// The size as far as it was read, then what is left of the chunk.
    left: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// The first digit of a size, of which there is at least one.
    #[default]
    Size,
    MoreSize,
    /// What may follow a size, up to the end of the line.
    Extension,
    Payload,
    /// The line end after the payload.
    Return,
    Newline,
    /// A line after the last chunk: the body is over when it is empty.
    Trailer,
    InTrailer,
    Over,
}

impl Chunks {
    pub(super) fn are_over(&self) -> bool {
        self.at == At::Over
    }

    /// As [`super::Body::step`].
    pub(super) fn step(&mut self, bytes: &[u8]) -> Result<Step, BadChunk> {
        for (index, &byte) in bytes.iter().enumerate() {
            if self.at == At::Payload {
                return Ok(self.payload(index, bytes.len()));
            }
            self.at = self.framing(byte)?;
            if self.are_over() {
                return Ok(Step { payload: 0..0, used: index + 1 });
            }
        }
        Ok(Step { payload: 0..0, used: bytes.len() })
    }

    /// What `start..available` has of the chunk.
    fn payload(&mut self, start: usize, available: usize) -> Step {
        let left = self.left.try_into().unwrap_or(usize::MAX);
        let length = left.min(available - start);
        self.left -= length as u64;
        if self.left == 0 {
            self.at = At::Return;
        }
        Step { payload: start..start + length, used: start + length }
    }

    /// A byte that is no payload.
    fn framing(&mut self, byte: u8) -> Result<At, BadChunk> {
        let bad = |expected| Err(BadChunk { byte, expected });
        Ok(match (self.at, byte) {
            (At::Size | At::MoreSize, digit) if digit.is_ascii_hexdigit() => {
                let digit = char::from(digit).to_digit(16).unwrap_or_default();
                // No size in use comes near this.
                self.left = self.left.saturating_mul(16).saturating_add(digit.into());
                At::MoreSize
            }
            (At::MoreSize, b';' | b' ' | b'\t' | b'\r') => At::Extension,
            (At::MoreSize | At::Extension, b'\n') if self.left == 0 => At::Trailer,
            (At::MoreSize | At::Extension, b'\n') => At::Payload,
            (At::Extension, _) => At::Extension,
            (At::Return, b'\r') => At::Newline,
            (At::Return | At::Newline, b'\n') => At::Size,
            (At::Trailer, b'\n') => At::Over,
            (At::Trailer, b'\r') => At::Trailer,
            (At::InTrailer, b'\n') => At::Trailer,
            (At::Trailer | At::InTrailer, _) => At::InTrailer,
            (At::Size | At::MoreSize, _) => return bad("a size in hexadecimal digits"),
            (At::Return | At::Newline, _) => return bad("the end of a line"),
            // They are not framing.
            (At::Payload | At::Over, _) => self.at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Chunks;

    const FRAMED: &[u8] = b"5\r\nfirst\r\n0A;name=\"value\"\r\n, then te\n\r\n1\r\nn\r\n\
        00011 \r\n sixteen are more\r\n0\r\ntrailer: 1\r\nother: 2\r\n\r\n";
    const PAYLOAD: &[u8] = b"first, then te\nn sixteen are more";

    /// Returns the payload of what was used, and how much that is.
    fn read(chunks: &mut Chunks, bytes: &[u8]) -> (Vec<u8>, usize) {
        let (mut payload, mut used) = (Vec::new(), 0);
        while used < bytes.len() && !chunks.are_over() {
            let step = chunks.step(&bytes[used..]).unwrap();
            assert!(step.used > 0, "no way on from {used}");
            payload.extend(&bytes[used..][step.payload]);
            used += step.used;
        }
        (payload, used)
    }

    #[test]
    fn a_body_is_the_same_wherever_it_is_cut() {
        for first in 0..=FRAMED.len() {
            for second in first..=FRAMED.len() {
                let mut chunks = Chunks::default();
                let mut payload = Vec::new();
                for piece in [&FRAMED[..first], &FRAMED[first..second], &FRAMED[second..]] {
                    assert!(piece.is_empty() || !chunks.are_over(), "over before {second}");
                    payload.extend(read(&mut chunks, piece).0);
                }
                assert!(chunks.are_over(), "cut at {first} and {second}");
                assert_eq!(payload, PAYLOAD, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn a_body_is_the_same_byte_by_byte() {
        let mut chunks = Chunks::default();
        let payload: Vec<u8> =
            FRAMED.chunks(1).flat_map(|byte| read(&mut chunks, byte).0).collect();
        assert_eq!(payload, PAYLOAD);
        assert!(chunks.are_over());
    }

    #[test]
    fn what_follows_the_body_is_left() {
        let mut chunks = Chunks::default();
        let (payload, used) = read(&mut chunks, b"2\nab\n0\n\nPOST /");
        assert_eq!((payload.as_slice(), used), (b"ab".as_slice(), 8));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for bytes in ["x", "\r\n", ";a\r\n", "1x", "1\r\nab", "1\r\na\rb", "-1\r\n"] {
            let mut chunks = Chunks::default();
            let mut rest = bytes.as_bytes();
            let refused = loop {
                match chunks.step(rest) {
                    Ok(step) if step.used < rest.len() => rest = &rest[step.used..],
                    outcome => break outcome.is_err(),
                }
            };
            assert!(refused, "{bytes:?} was read");
        }
    }
}
