//! Bytes that wait for the next write, and what they carry.

use std::io;

use crate::coding::Encoder;
use crate::frame::{Cargo, Frame};
use crate::plan::LineEnd;
use crate::reply::{Framing, LAST_CHUNK};

pub(super) struct Outbox {
    pub(super) framing: Framing,
    pub(super) line_end: LineEnd,
    pub(super) encoder: Option<Encoder>,
    pub(super) bytes: Vec<u8>,
    pub(super) cargo: Cargo,
    /// A stored stream that is told again: no token of it is new.
    pub(super) is_replay: bool,
    /// Events that are left out, those that came earlier.
    pub(super) skip: usize,
}

impl Outbox {
    pub(super) fn new(head: Vec<u8>, framing: Framing, line_end: LineEnd) -> Self {
        Self {
            framing,
            line_end,
            encoder: None,
            bytes: head,
            cargo: Cargo::default(),
            is_replay: false,
            skip: 0,
        }
    }

    pub(super) fn put(&mut self, frames: impl IntoIterator<Item = Frame>) -> io::Result<()> {
        for frame in frames {
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            let bytes = self.coded(frame.bytes(self.line_end))?;
            self.framing.put(&mut self.bytes, &bytes);
            self.cargo.add(&frame);
        }
        Ok(())
    }

    pub(super) fn comment(&mut self) -> io::Result<()> {
        let end = self.line_end.as_str();
        let bytes = self.coded(format!(": keep-alive{end}{end}").into_bytes())?;
        self.framing.put(&mut self.bytes, &bytes);
        Ok(())
    }

    /// The first half of an event: a chunk that promises more than comes.
    pub(super) fn put_half(&mut self, frame: &Frame) -> io::Result<()> {
        let event = self.coded(frame.bytes(self.line_end))?;
        let mut whole = Vec::new();
        self.framing.put(&mut whole, &event);
        self.bytes.extend_from_slice(&whole[..whole.len() / 2]);
        Ok(())
    }

    /// The end of the body.
    pub(super) fn end(&mut self) -> io::Result<()> {
        if let Some(encoder) = self.encoder.take() {
            let rest = encoder.end()?;
            self.framing.put(&mut self.bytes, &rest);
        }
        if self.framing == Framing::Chunked {
            self.bytes.extend_from_slice(LAST_CHUNK);
        }
        Ok(())
    }

    pub(super) fn add_tokens(&mut self, tokens: usize, reasoning: bool) {
        if !self.is_replay {
            self.cargo.add_tokens(tokens, reasoning);
        }
    }

    fn coded(&mut self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        match &mut self.encoder {
            Some(encoder) => encoder.piece(&bytes),
            None => Ok(bytes),
        }
    }
}
