//! Zstandard: frames one after the other, skippable ones among them.

use ::zstd::stream::raw::{DParameter, Decoder, Operation};

use super::Step;

/// How much a sender may have the decoder remember.
#[derive(Clone, Copy, Debug)]
pub(super) enum Window {
    /// 8 MiB, the most that RFC 9659 lets a sender ask for.
    Answer,
    /// 2 MiB: what the levels up to 3, the default, ask for.
    Request,
}

impl Window {
    fn log(self) -> u32 {
        match self {
            Self::Answer => 23,
            Self::Request => 21,
        }
    }
}

/// A frame begins so; the first byte of a skippable one is 0x50 to 0x5f (RFC 8878, 3.1).
const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const SKIPPABLE: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];

/// The longest header of a frame.
const HEADER: usize = 18;
const BLOCK_HEADER: usize = 3;

pub(super) struct Zstd {
    engine: Decoder<'static>,
    state: State,
    /// A frame has ended.
    some: bool,
    /// The last output was full: the engine may hold more.
    full: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before a frame, with the first bytes of what may be one. The engine itself would also take
    /// the formats of before 1.0, if another crate of the build has them switched on.
    Magic { seen: [u8; 4], length: usize },
    Frame {
        taken: usize,
        /// Bytes that the engine would like to have.
        hint: usize,
    },
    /// What follows is nobody's.
    Done,
}

const BEFORE_FRAME: State = State::Magic { seen: [0; 4], length: 0 };

impl Zstd {
    /// `None` if there is no memory for it.
    pub(super) fn new(window: Window) -> Option<Self> {
        let mut engine = Decoder::new().ok()?;
        engine.set_parameter(DParameter::WindowLogMax(window.log())).ok()?;
        Some(Self { engine, state: BEFORE_FRAME, some: false, full: false })
    }

    #[cfg(test)]
    pub(super) fn is_complete(&self) -> bool {
        self.some && !matches!(self.state, State::Frame { .. })
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        match self.state {
            State::Done => Step::taken(input.len()),
            State::Magic { seen, length } => match input.first() {
                Some(byte) => self.magic(seen, length, *byte),
                None => Step::taken(0),
            },
            State::Frame { taken, hint } => self.frame(input, output, taken, hint),
        }
    }

    /// Reads on in a frame.
    ///
    /// The engine forgets what it has decoded in a call that fails. So that a fault has the same
    /// effect wherever the bytes are cut, no call reaches from one block into the next, and none
    /// takes a header whole, behind which it has a short cut for small frames.
    fn frame(&mut self, input: &[u8], output: &mut [u8], taken: usize, hint: usize) -> Step {
        if self.full {
            let step = self.run(&[], output, taken);
            if step.malformed || step.written > 0 {
                return step;
            }
        }
        let most = if taken < HEADER { 1 } else { block_part(hint) };
        self.run(&input[..input.len().min(most)], output, taken)
    }

    fn magic(&mut self, mut seen: [u8; 4], length: usize, byte: u8) -> Step {
        seen[length] = byte;
        let length = length + 1;
        let is = |magic: [u8; 4]| seen[..length] == magic[..length];
        let skippable = [SKIPPABLE[0] | (seen[0] & 0x0f), SKIPPABLE[1], SKIPPABLE[2], SKIPPABLE[3]];
        if !is(FRAME) && !is(skippable) {
            self.state = State::Done;
            return if self.some { Step::taken(1) } else { Step::malformed() };
        }
        if length < seen.len() {
            self.state = State::Magic { seen, length };
            return Step::taken(1);
        }
        let step = self.run(&seen, &mut [], 0);
        Step { taken: 1, written: 0, malformed: step.malformed || step.taken < seen.len() }
    }

    fn run(&mut self, input: &[u8], output: &mut [u8], taken: usize) -> Step {
        let Ok(status) = self.engine.run_on_buffers(input, output) else {
            return Step::malformed();
        };
        self.full = !output.is_empty() && status.bytes_written == output.len();
        self.state = if status.remaining == 0 {
            self.some = true;
            BEFORE_FRAME
        } else {
            State::Frame { taken: taken + status.bytes_read, hint: status.remaining }
        };
        Step { taken: status.bytes_read, written: status.bytes_written, malformed: false }
    }
}

/// The engine asks for a block together with the header behind it: this leaves the header out.
fn block_part(hint: usize) -> usize {
    if hint > BLOCK_HEADER { hint - BLOCK_HEADER } else { hint }
}
