//! What can go wrong with an answer, on purpose.

use std::time::Duration;

use crate::socket::Next;

/// A fault of one answer.
///
/// `after_events` counts events with content (tokens; those without text too), not role chunks,
/// comments or usage: after that many of them, and after what opens the stream, the fault strikes;
/// a number beyond the answer's end strikes after the last token and before the finish. An answer that is not streamed
/// is broken off in the middle of its body instead, whatever `after_events` says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An answer with this status instead of the planned one.
    RefuseStatus {
        /// The status code, 400 to 599.
        code: u16,
        /// What its body looks like.
        body: BodyFlavour,
    },
    /// 400 for a prompt that is too long, in the engine's own words.
    ContextLength,
    /// The request is read, then the connection is reset (RST) with no byte sent.
    ResetBeforeHead,
    /// The request is read, then the connection is closed (FIN) with no byte sent.
    CloseBeforeHead,
    /// The head of the answer is sent, then the connection is reset.
    ResetAfterHead,
    /// The head of the answer is sent, then the connection is closed (FIN).
    CloseAfterHead,
    /// The connection is reset in the middle of an event. What was sent before arrives, as far as
    /// the client's window had room for it.
    ResetMidEvent {
        /// Content events that go before.
        after_events: usize,
    },
    /// The connection is closed (FIN) between two events; the body's end is missing.
    CloseMidStream {
        /// Content events that go before.
        after_events: usize,
    },
    /// Nothing more is sent until the client leaves.
    Stall {
        /// Content events that go before.
        after_events: usize,
    },
    /// The head comes this much later; then all is well.
    SlowHead(Duration),
    /// The body ends properly, but with no finish reason, usage or terminal event. An answer that
    /// is not streamed is half a JSON document.
    EndWithoutFinish {
        /// Content events that go before.
        after_events: usize,
    },
    /// An error inside a stream that began with 200. Not streamed, it is a plain status 500.
    InBandError {
        /// Content events that go before.
        after_events: usize,
        /// How the error is written.
        shape: ErrorShape,
        /// Whether `[DONE]` follows.
        then_done: bool,
    },
    /// Bytes that are no HTTP, then the end of the connection.
    Nonsense,
    /// The second token is a text of this many bytes (the only one, if there is no second).
    HugeEvent(usize),
    /// A header of [`OVERSIZED_HEAD`] bytes in an otherwise good answer.
    OversizedHead,
    /// A good answer, after which the connection is closed without announcement: a stale
    /// connection in the client's pool.
    CloseKeepAlive,
}

/// Length of the header that [`Fault::OversizedHead`] adds, in bytes.
pub const OVERSIZED_HEAD: usize = 2 * 1024 * 1024;

/// What the body of a refusal looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyFlavour {
    /// The JSON that the engine itself would send.
    #[default]
    Engine,
    /// A line of plain text.
    Plain,
    /// The HTML page of a load balancer in between.
    Html,
    /// No body at all.
    Empty,
    /// These bytes, said to be JSON.
    Json(String),
}

/// How an error inside a stream is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorShape {
    /// `{"error":{"message":…}}`: vLLM from 0.10.1 on, LiteLLM.
    #[default]
    Nested,
    /// `{"error":{"object":"error","message":…}}`: vLLM to 0.10.0.
    OldNested,
    /// `{"object":"error","message":…}`.
    Flat,
}

impl Fault {
    /// What becomes of the connection behind the head, if nothing more is sent.
    pub(crate) fn after_head(&self) -> Option<Next> {
        match self {
            Self::ResetAfterHead => Some(Next::Reset),
            Self::CloseAfterHead => Some(Next::Close),
            _ => None,
        }
    }

    /// Where a stream breaks off, if this fault breaks it off.
    pub(crate) fn cuts_after(&self) -> Option<usize> {
        match *self {
            Self::ResetMidEvent { after_events }
            | Self::CloseMidStream { after_events }
            | Self::Stall { after_events }
            | Self::EndWithoutFinish { after_events }
            | Self::InBandError { after_events, .. } => Some(after_events),
            _ => None,
        }
    }
}
