//! gzip of any number of members, and deflate: with zlib's wrapping, as the standard has it, or
//! without, as some servers send it and every browser takes it.

use flate2::{Decompress, FlushDecompress, Status};

use super::Step;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

pub(super) struct Inflate {
    engine: Decompress,
    state: State,
    is_gzip: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first two bytes of deflate tell whether it is wrapped.
    Probe {
        first: Option<u8>,
    },
    Body,
    /// Behind a gzip member; `half` if the first byte of a next one is here.
    Between {
        half: bool,
    },
    /// What follows is nobody's.
    Done,
}

impl Inflate {
    pub(super) fn of(coding: &str) -> Option<Self> {
        match coding {
            "gzip" | "x-gzip" => Some(Self::gzip()),
            "deflate" => Some(Self::deflate()),
            _ => None,
        }
    }

    fn gzip() -> Self {
        Self { engine: Decompress::new_gzip(15), state: State::Body, is_gzip: true }
    }

    fn deflate() -> Self {
        Self { engine: Decompress::new(true), state: State::Probe { first: None }, is_gzip: false }
    }

    #[cfg(test)]
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.state, State::Between { .. } | State::Done)
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        match (self.state, input.first()) {
            (State::Body, _) => self.inflate(input, output),
            (State::Done, _) => Step::taken(input.len()),
            (_, None) => Step::taken(0),
            (State::Probe { first: None }, byte) => {
                self.state = State::Probe { first: byte.copied() };
                Step::taken(1)
            }
            (State::Probe { first: Some(first) }, Some(second)) => {
                if !is_zlib(first, *second) {
                    self.engine.reset(false);
                }
                self.begin(&[first], input, output)
            }
            (State::Between { half }, Some(byte)) => {
                if *byte != GZIP_MAGIC[usize::from(half)] {
                    self.state = State::Done;
                    return Step::taken(input.len());
                }
                if half {
                    self.engine.reset(true);
                    return self.begin(&GZIP_MAGIC[..1], input, output);
                }
                self.state = State::Between { half: true };
                Step::taken(1)
            }
        }
    }

    /// Goes on with a byte that was held, which by itself means nothing yet.
    fn begin(&mut self, held: &[u8], input: &[u8], output: &mut [u8]) -> Step {
        self.state = State::Body;
        if self.inflate(held, &mut []).malformed {
            return Step::malformed();
        }
        self.inflate(input, output)
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let (total_in, total_out) = (self.engine.total_in(), self.engine.total_out());
        let status = self.engine.decompress(input, output, FlushDecompress::None);
        // What stands before a fault has been decoded.
        let step = |malformed| Step {
            taken: usize::try_from(self.engine.total_in() - total_in).unwrap_or(input.len()),
            written: usize::try_from(self.engine.total_out() - total_out).unwrap_or(output.len()),
            malformed,
        };
        match status {
            Ok(Status::Ok | Status::BufError) => step(false),
            Ok(Status::StreamEnd) => {
                self.state =
                    if self.is_gzip { State::Between { half: false } } else { State::Done };
                step(false)
            }
            Err(_) => step(true),
        }
    }
}

/// RFC 1950, 2.2: method 8, a window of at most 32 KiB, and a header that is a multiple of 31.
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && first >> 4 <= 7 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}
