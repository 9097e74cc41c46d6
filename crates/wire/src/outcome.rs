//! What is known about a request once it has ended: plain data, the only thing that metrics, logs
//! and spans are written from.

use std::fmt;
use std::time::Duration;

use crate::{Endpoint, EngineReport, GatewayReport, Parameters};

/// Whose fault it was, if anybody's; the value of the `status` label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The client got what it asked for.
    Success,
    /// The client's doing: it left, or asked for what it may not have.
    Client,
    /// The server's doing, or Weir's.
    Error,
}

impl Status {
    /// The value of the `status` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Client => "client",
            Self::Error => "error",
        }
    }
}

/// How a request ended: a closed list, of which every request gets exactly one.
///
/// Where several apply: [`StreamError`](Self::StreamError) before the upstream's failures before
/// [`Truncated`](Self::Truncated) before the client's leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutcomeKind {
    /// The answer ended as its dialect says that answers end.
    Success,
    /// The client left between the finish reason and the last event: it had all that it wanted.
    ClientClosedAfterFinish,
    /// The client left before the first token (not streamed: before the answer).
    ClientClosedBeforeFirstToken,
    /// The client left in the middle of the answer.
    ClientClosedMidStream,
    /// Any 4xx that has no outcome of its own.
    BadRequest,
    /// A 4xx whose error says that the prompt does not fit the model's context.
    ContextLength,
    /// 401 or 403.
    Unauthorized,
    /// 404.
    NotFound,
    /// 429.
    RateLimited,
    /// Refused by Weir's own limits or access rules.
    Rejected,
    /// 503 or 529.
    Overloaded,
    /// Any 5xx that has no outcome of its own.
    UpstreamError,
    /// An error inside an answer whose status was 200.
    StreamError,
    /// A stream that ended with neither a finish reason nor a terminal event.
    Truncated,
    /// No connection to the upstream could be made.
    ConnectFailed,
    /// The upstream took longer than it may; also 408 and 504 from the upstream.
    UpstreamTimeout,
    /// The upstream broke the connection.
    UpstreamReset,
    /// Cut by Weir's own drain.
    Shutdown,
    /// A fault of Weir's own.
    InternalError,
}

impl OutcomeKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 19] = [
        Self::Success,
        Self::ClientClosedAfterFinish,
        Self::ClientClosedBeforeFirstToken,
        Self::ClientClosedMidStream,
        Self::BadRequest,
        Self::ContextLength,
        Self::Unauthorized,
        Self::NotFound,
        Self::RateLimited,
        Self::Rejected,
        Self::Overloaded,
        Self::UpstreamError,
        Self::StreamError,
        Self::Truncated,
        Self::ConnectFailed,
        Self::UpstreamTimeout,
        Self::UpstreamReset,
        Self::Shutdown,
        Self::InternalError,
    ];

    /// The value of the `outcome` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ClientClosedAfterFinish => "client_closed_after_finish",
            Self::ClientClosedBeforeFirstToken => "client_closed_before_first_token",
            Self::ClientClosedMidStream => "client_closed_mid_stream",
            Self::BadRequest => "bad_request",
            Self::ContextLength => "context_length",
            Self::Unauthorized => "unauthorized",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::Rejected => "rejected",
            Self::Overloaded => "overloaded",
            Self::UpstreamError => "upstream_error",
            Self::StreamError => "stream_error",
            Self::Truncated => "truncated",
            Self::ConnectFailed => "connect_failed",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::UpstreamReset => "upstream_reset",
            Self::Shutdown => "shutdown",
            Self::InternalError => "internal_error",
        }
    }

    /// The status that follows from this outcome.
    pub const fn status(self) -> Status {
        match self {
            Self::Success | Self::ClientClosedAfterFinish => Status::Success,
            Self::ClientClosedBeforeFirstToken
            | Self::ClientClosedMidStream
            | Self::BadRequest
            | Self::ContextLength
            | Self::Unauthorized
            | Self::NotFound
            | Self::RateLimited
            | Self::Rejected => Status::Client,
            Self::Overloaded
            | Self::UpstreamError
            | Self::StreamError
            | Self::Truncated
            | Self::ConnectFailed
            | Self::UpstreamTimeout
            | Self::UpstreamReset
            | Self::Shutdown
            | Self::InternalError => Status::Error,
        }
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a number of tokens comes from; the value of the `source` label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The server said so.
    Reported,
    /// Weir counted events: a lower bound, since one event may carry several tokens.
    Estimated,
}

impl Source {
    /// The value of the `source` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Estimated => "estimated",
        }
    }
}

/// A number of tokens and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// How many.
    pub count: u64,
    /// Who says so.
    pub source: Source,
}

/// The tokens of one request. What nobody said is `None`, never 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Prompt tokens, those read from or written to a cache included.
    pub input: Option<Tokens>,
    /// Generated tokens of all choices, reasoning included.
    pub output: Option<Tokens>,
    /// Part of `input`: read from a prefix cache. Always as reported.
    pub cached_input: Option<u64>,
    /// Part of `input`: written to a cache. Always as reported.
    pub cache_write_input: Option<u64>,
    /// Part of `output`: reasoning. Always as reported.
    pub reasoning_output: Option<u64>,
}

/// Why an answer that should have carried usage has none; the value of the `reason` label of
/// `llm_usage_missing_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UsageMissing {
    /// The answer is complete and has none.
    NotSent,
    /// The client's own `stream_options` did not ask for it.
    ClientDeclined,
    /// The answer was cut before usage could come.
    StreamCut,
    /// There was a usage member, but not one that could be understood.
    Unparsed,
    /// The meter of this request was degraded, see [`Degraded`].
    Degraded,
}

impl UsageMissing {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::NotSent, Self::ClientDeclined, Self::StreamCut, Self::Unparsed, Self::Degraded];

    /// The value of the `reason` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::ClientDeclined => "client_declined",
            Self::StreamCut => "stream_cut",
            Self::Unparsed => "unparsed",
            Self::Degraded => "degraded",
        }
    }
}

/// Why the meter of a request sees less than everything; the bytes flow on untouched.
/// The value of the `reason` label of `weir_meter_degraded_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Degraded {
    /// An event of the stream was larger than the meter holds; that event was not read.
    EventTooLarge,
    /// A member of a JSON body that the meter needs was larger than it holds.
    BodyTooLarge,
    /// A body or an event was not the JSON that its endpoint speaks.
    InvalidJson,
    /// A body was compressed or otherwise encoded.
    Encoded,
    /// The meter itself failed; nothing more was read.
    Panic,
}

impl Degraded {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::EventTooLarge, Self::BodyTooLarge, Self::InvalidJson, Self::Encoded, Self::Panic];

    /// The value of the `reason` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventTooLarge => "event_too_large",
            Self::BodyTooLarge => "body_too_large",
            Self::InvalidJson => "invalid_json",
            Self::Encoded => "encoded",
            Self::Panic => "panic",
        }
    }
}

/// Everything about a request that has ended.
///
/// Times are spans, counted from what each field says; a time that does not apply is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// How it ended.
    pub kind: OutcomeKind,
    /// Which API it spoke.
    pub endpoint: Endpoint,
    /// The model that the request named, else the one that the answer named. Raw client input of
    /// at most [`Limits::model_bytes`](crate::Limits::model_bytes) bytes: never a label as it is.
    pub model: Option<String>,
    /// The model that the answer named: the server's text, of at most as many bytes.
    pub response_model: Option<String>,
    /// The answer's own name (`id`): the server's text, of at most 128 bytes.
    pub response_id: Option<String>,
    /// What the request asked for in numbers.
    pub parameters: Parameters,
    /// Status code of the upstream's answer; a caller that answered in its place puts its own here.
    pub http_status: Option<u16>,
    /// Whether the answer was a stream of events, or was asked to be one.
    pub streamed: bool,
    /// Request head fully read → end of the request.
    pub duration: Duration,
    /// Last byte of the request handed on → first byte of the answer's body.
    pub time_to_first_byte: Option<Duration>,
    /// Last byte of the request handed on → first event that carries generated content. Streamed
    /// answers only.
    pub time_to_first_token: Option<Duration>,
    /// … → first event whose content is not reasoning. Streamed answers with reasoning only.
    pub time_to_first_answer_token: Option<Duration>,
    /// (last content event − first content event) / (output tokens − 1). Reported usage, one
    /// choice and more than one instant only.
    pub time_per_output_token: Option<Duration>,
    /// Time in which the client could not take bytes: its receive window was shut. Never charged to
    /// the model: the gaps that it falls into are left out of inter-token latency.
    pub client_stall: Duration,
    /// Time spent connecting to the upstream; `None` where a pooled connection was used.
    pub connect: Option<Duration>,
    /// Request head read → last byte of the request handed on, connecting left out.
    pub overhead: Option<Duration>,
    /// Bytes of the request's body as the client sent it.
    pub request_bytes: u64,
    /// Bytes of the answer's body as the upstream sent it.
    pub response_bytes: u64,
    /// Events that carried generated content, over the whole stream.
    pub content_events: u64,
    /// The tokens.
    pub tokens: TokenCounts,
    /// Length of the audio that was heard, as reported: transcriptions and translations.
    pub audio: Option<Duration>,
    /// Why usage is missing where it was expected; `None` where it came or was not expected.
    pub usage_missing: Option<UsageMissing>,
    /// Output tokens that were produced for a client that left before the end.
    pub abandoned: Option<Tokens>,
    /// The last finish reason that was seen (at most 32 bytes of the server's text).
    pub finish_reason: Option<String>,
    /// Tool calls that the answer began.
    pub tool_calls: u32,
    /// What the engine says of its own work.
    pub engine: EngineReport,
    /// What LiteLLM says of its own work.
    pub gateway: GatewayReport,
    /// Why the meter saw less than everything, if so.
    pub degraded: Option<Degraded>,
}

impl Outcome {
    /// Whether a first token could be waited for and did not come.
    pub fn lacks_first_token(&self) -> bool {
        // A stream that could not be read may have had one.
        let unread = matches!(self.degraded, Some(Degraded::Encoded | Degraded::Panic));
        let waited = self.endpoint.generates() && self.streamed;
        waited && !unread && self.content_events == 0
    }
}
