//! The script of one answer: how long, how fast, in which pieces, with which fault.

mod header;
mod queue;

use std::time::Duration;

pub use header::PlanError;
pub(crate) use queue::Plans;

use crate::coding::Coding;
use crate::fault::Fault;

/// How one request is answered. Start from [`Plan::default`] and change what matters:
///
/// ```
/// use std::time::Duration;
/// use weir_sim::Plan;
///
/// let plan = Plan { tokens: 32, ttft: Duration::from_millis(50), ..Plan::default() };
/// assert_eq!(plan, "tokens=32,ttft=50ms".parse()?);
/// # Ok::<(), weir_sim::PlanError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Output tokens of each choice, reasoning included; fewer if the request's `max_tokens` is
    /// lower, and the finish reason is then `length` instead of `stop`.
    pub tokens: usize,
    /// How many of `tokens` are reasoning; they come first. Plain text where the dialect or the
    /// engine's version does not know reasoning.
    pub reasoning_tokens: usize,
    /// Prompt tokens; by default a quarter of the request body's length in bytes, at least 1.
    pub prompt_tokens: Option<u64>,
    /// How many of the prompt tokens are reported as cached; `None` reports nothing.
    pub cached_tokens: Option<u64>,
    /// Seconds of the audio that is transcribed; by default as many as the file has bytes of PCM
    /// (16 bits at 16 kHz), at least 1.
    pub audio_seconds: Option<u64>,
    /// A tool call in place of text, where the dialect has such. Its first token is the name.
    pub tool_call: bool,
    /// From the request's last byte to the first event with content.
    pub ttft: Duration,
    /// From one write of content to the next; zero is as fast as possible.
    pub gap: Duration,
    /// Tokens of one event.
    pub tokens_per_event: usize,
    /// Events that share one write.
    pub events_per_write: usize,
    /// Cuts all that is sent, head included, into writes of at most so many bytes.
    pub cut_writes_every: Option<usize>,
    /// The texts of the tokens, over and over; none at all means some words. A token with an empty
    /// text counts, but makes no event (in completions an event without content), as when an
    /// engine holds half a character back.
    pub text: Vec<String>,
    /// How lines of the stream end.
    pub line_end: LineEnd,
    /// A comment `: keep-alive` right after the head and before every so many content events; in a
    /// WebSocket a ping.
    pub comment_every: Option<usize>,
    /// Whether `data: [DONE]` ends the stream; by default as the engine does it.
    pub done: Option<bool>,
    /// Sends an answer that is not streamed chunked instead of with a `content-length`.
    pub chunked: bool,
    /// The coding of the body, whether the request accepts it or not; events are flushed one by
    /// one. [`Engine::compress`](crate::Engine::compress) does it for requests that accept it.
    pub coding: Option<Coding>,
    /// What goes wrong.
    pub fault: Option<Fault>,
}

/// How a line of an event stream ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnd {
    /// `\n`, as all engines do.
    #[default]
    Lf,
    /// `\r\n`.
    CrLf,
    /// `\r`.
    Cr,
}

impl LineEnd {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

impl Default for Plan {
    /// Sixteen tokens as fast as possible, one event in each write, and nothing goes wrong.
    fn default() -> Self {
        Self {
            tokens: 16,
            reasoning_tokens: 0,
            prompt_tokens: None,
            cached_tokens: None,
            audio_seconds: None,
            tool_call: false,
            ttft: Duration::ZERO,
            gap: Duration::ZERO,
            tokens_per_event: 1,
            events_per_write: 1,
            cut_writes_every: None,
            text: Vec::new(),
            line_end: LineEnd::Lf,
            comment_every: None,
            done: None,
            chunked: false,
            coding: None,
            fault: None,
        }
    }
}

impl Plan {
    /// The default plan with this many tokens.
    pub fn tokens(tokens: usize) -> Self {
        Self { tokens, ..Self::default() }
    }

    /// The default plan with this fault.
    pub fn fault(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// The default plan with a body of this coding.
    pub fn coding(coding: Coding) -> Self {
        Self { coding: Some(coding), ..Self::default() }
    }
}
