//! One request as it is kept, and the sums over all of them.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::request::{self, Head, Headers};
use crate::usage::Usage;

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// It goes on.
    #[default]
    Open,
    /// The whole answer was written, refusals included.
    Finished,
    /// The client closed or reset the connection before.
    ClientLeft,
    /// A [`Fault`](crate::Fault) broke the answer off, or put an error into it.
    Cut,
}

/// One request and what became of it. A snapshot: ask again to see more.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Recorded {
    /// Counts the requests of the upstream, from 1.
    pub number: u64,
    /// Counts the connections of the upstream, from 1.
    pub connection: u64,
    /// The method as written.
    pub method: String,
    /// The request target as written: path and query.
    pub path: String,
    /// Names in the order and case of the wire, values byte for byte.
    pub headers: Arc<[(String, Vec<u8>)]>,
    /// The body without its chunked coding; empty until it is complete, and cut at the limit of
    /// [`Builder::keep_bodies`](crate::Builder::keep_bodies). Of a WebSocket: the client's text
    /// messages, each with a line end, once the connection is over.
    pub body: Bytes,
    /// Bytes of the body that came so far, kept or not.
    pub body_length: u64,
    /// The status sent.
    pub status: Option<u16>,
    /// How it ended.
    pub ending: Ending,
    /// Prompt tokens of the plan, whether the answer told them or not; over all answers of a
    /// WebSocket. 0 before generation starts, and where a stored response is asked for again.
    pub input_tokens: u64,
    /// Cached prompt tokens of the plan.
    pub cached_tokens: u64,
    /// Output tokens sent so far, over all choices, reasoning included; those of a stored response
    /// only the first time.
    pub output_tokens: u64,
    /// Reasoning tokens sent so far.
    pub reasoning_tokens: u64,
    /// Events with content sent so far; 0 for an answer that is not streamed.
    pub content_events: u64,
    /// The newest usage that was sent, if any was, in tokens.
    pub usage: Option<Usage>,
    /// Seconds of audio, where the answer told usage in those.
    pub audio_seconds: Option<u64>,
}

impl Recorded {
    /// The first value of a header (in any case), if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        request::header(&self.headers, name)
    }

    /// Whether the whole answer was written.
    pub fn finished(&self) -> bool {
        self.ending == Ending::Finished
    }

    /// Whether the client left before.
    pub fn client_left(&self) -> bool {
        self.ending == Ending::ClientLeft
    }
}

/// Sums over all requests since the start, those that are no longer kept included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Connections accepted.
    pub connections: u64,
    /// Requests whose head was read.
    pub requests: u64,
    /// Requests that go on.
    pub open: u64,
    /// Requests that ended with [`Ending::Finished`].
    pub finished: u64,
    /// Requests that ended with [`Ending::ClientLeft`].
    pub client_left: u64,
    /// Requests that ended with [`Ending::Cut`].
    pub cut: u64,
    /// Sum of [`Recorded::input_tokens`].
    pub input_tokens: u64,
    /// Sum of [`Recorded::cached_tokens`].
    pub cached_tokens: u64,
    /// Sum of [`Recorded::output_tokens`].
    pub output_tokens: u64,
    /// Sum of [`Recorded::reasoning_tokens`].
    pub reasoning_tokens: u64,
    /// Sum of [`Recorded::content_events`].
    pub content_events: u64,
    /// Sum of [`Recorded::audio_seconds`].
    pub audio_seconds: u64,
}

/// A request as it changes while it is answered.
pub(super) struct Entry(Mutex<Recorded>);

impl Entry {
    pub(super) fn new(number: u64, connection: u64, head: &Head) -> Self {
        Self(Mutex::new(Recorded {
            number,
            connection,
            method: head.method.clone(),
            path: head.target.clone(),
            headers: Headers::clone(&head.headers),
            body: Bytes::new(),
            body_length: 0,
            status: None,
            ending: Ending::Open,
            input_tokens: 0,
            cached_tokens: 0,
            output_tokens: 0,
            reasoning_tokens: 0,
            content_events: 0,
            usage: None,
            audio_seconds: None,
        }))
    }

    pub(super) fn snapshot(&self) -> Recorded {
        self.change(|recorded| recorded.clone())
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Recorded) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
