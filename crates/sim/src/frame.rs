//! One server-sent event, or one piece of a binary body, and the sums of what was carried.

use crate::plan::LineEnd;
use crate::usage::Usage;

/// What was in one write, or in a whole answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cargo {
    pub(crate) content_events: u64,
    pub(crate) output_tokens: u64,
    pub(crate) reasoning_tokens: u64,
    /// The newest usage.
    pub(crate) usage: Option<Usage>,
    /// Seconds of audio, where usage is told in those.
    pub(crate) audio_seconds: Option<u64>,
}

impl Cargo {
    pub(crate) fn add(&mut self, frame: &Frame) {
        self.content_events += u64::from(frame.content);
        self.usage = frame.usage.or(self.usage);
    }

    pub(crate) fn add_tokens(&mut self, tokens: usize, reasoning: bool) {
        let tokens = tokens as u64;
        self.output_tokens += tokens;
        self.reasoning_tokens += if reasoning { tokens } else { 0 };
    }
}

pub(crate) struct Frame {
    shape: Shape,
    data: Vec<u8>,
    /// Whether it has generated content.
    pub(crate) content: bool,
    pub(crate) usage: Option<Usage>,
}

enum Shape {
    /// `data: …`
    Data,
    /// `event: NAME` and `data: …`
    Named(&'static str),
    /// Bytes of a body that has no events.
    Bare,
}

impl Frame {
    /// `data: …`
    pub(crate) fn data(data: impl Into<String>) -> Self {
        Self { shape: Shape::Data, data: data.into().into_bytes(), content: false, usage: None }
    }

    /// `event: NAME` and `data: …`
    pub(crate) fn named(event: &'static str, data: impl Into<String>) -> Self {
        Self { shape: Shape::Named(event), ..Self::data(data) }
    }

    /// Bytes that are no event.
    pub(crate) fn bare(data: Vec<u8>) -> Self {
        Self { shape: Shape::Bare, data, content: false, usage: None }
    }

    pub(crate) fn done() -> Self {
        Self::data("[DONE]")
    }

    /// Says whether the frame has generated content.
    pub(crate) fn content(self, content: bool) -> Self {
        Self { content, ..self }
    }

    pub(crate) fn usage(self, usage: Option<Usage>) -> Self {
        Self { usage, ..self }
    }

    /// The bytes on the wire, the empty line of an event included.
    pub(crate) fn bytes(&self, line_end: LineEnd) -> Vec<u8> {
        let end = line_end.as_str().as_bytes();
        let data: &[u8] = &self.data;
        match self.shape {
            Shape::Data => [b"data: ", data, end, end].concat(),
            Shape::Named(event) => {
                [b"event: ", event.as_bytes(), end, b"data: ", data, end, end].concat()
            }
            Shape::Bare => data.to_vec(),
        }
    }
}
