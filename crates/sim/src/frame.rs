//! One server-sent event, and the sums of what events and writes carried.

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
    event: Option<&'static str>,
    data: String,
    /// Whether it has generated content.
    pub(crate) content: bool,
    pub(crate) usage: Option<Usage>,
}

impl Frame {
    /// `data: …`
    pub(crate) fn data(data: impl Into<String>) -> Self {
        Self { event: None, data: data.into(), content: false, usage: None }
    }

    /// `event: NAME` and `data: …`
    pub(crate) fn named(event: &'static str, data: impl Into<String>) -> Self {
        Self { event: Some(event), ..Self::data(data) }
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

    /// The bytes on the wire, the empty line included.
    pub(crate) fn bytes(&self, line_end: LineEnd) -> Vec<u8> {
        let end = line_end.as_str();
        let mut out = Vec::with_capacity(self.data.len() + 64);
        if let Some(event) = self.event {
            out.extend_from_slice(b"event: ");
            out.extend_from_slice(event.as_bytes());
            out.extend_from_slice(end.as_bytes());
        }
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(self.data.as_bytes());
        out.extend_from_slice(end.as_bytes());
        out.extend_from_slice(end.as_bytes());
        out
    }
}
