//! One request and its answer: the state machine that the callers drive.

use std::time::Duration;

use crate::request::RequestSide;
use crate::response::ResponseSide;
use crate::usage::CacheRule;
use crate::{
    Degraded, Endpoint, Forward, Limits, Outcome, OutcomeKind, Progress, RequestFacts, Source,
    TokenCounts, Tokens, UsageMissing,
};

/// Whether a request may be changed so that its usage is known exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsagePolicy {
    /// A chat or completions request that streams and has no `stream_options` is given
    /// `"stream_options":{"include_usage":true}`; the event that it brings is taken out of the
    /// answer again.
    #[default]
    Exact,
    /// Bytes are never touched; where usage is missing, content events are counted instead.
    Observe,
}

/// What the operator decided for a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether to ask for usage.
    pub usage: UsagePolicy,
    /// How much to hold.
    pub limits: Limits,
}

impl Policy {
    /// Ask for usage; default limits.
    pub fn exact() -> Self {
        Self::default()
    }

    /// Touch nothing; default limits.
    pub fn observe() -> Self {
        Self { usage: UsagePolicy::Observe, ..Self::default() }
    }
}

/// The head of a request, as far as the meter needs it.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// From [`classify`](crate::classify).
    pub endpoint: Endpoint,
    /// The `content-type` header.
    pub content_type: Option<&'a str>,
    /// The `content-encoding` header.
    pub content_encoding: Option<&'a str>,
}

impl RequestHead<'_> {
    /// A request with a plain JSON body.
    pub fn json(endpoint: Endpoint) -> Self {
        Self { endpoint, content_type: Some("application/json"), content_encoding: None }
    }

    fn is_encoded(&self) -> bool {
        is_encoded(self.content_encoding)
    }

    /// Python's servers read JSON whatever the content type says (`curl -d` says form), but for
    /// multipart.
    fn is_multipart(&self) -> bool {
        let kind = self.content_type.unwrap_or_default().trim_start();
        kind.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/"))
    }
}

/// The head of an answer, as far as the meter needs it.
#[derive(Clone, Copy, Debug)]
pub struct ResponseHead<'a> {
    /// The status code.
    pub status: u16,
    /// The `content-type` header.
    pub content_type: Option<&'a str>,
    /// The `content-encoding` header.
    pub content_encoding: Option<&'a str>,
}

impl<'a> ResponseHead<'a> {
    /// An answer without a content coding.
    pub fn new(status: u16, content_type: Option<&'a str>) -> Self {
        Self { status, content_type, content_encoding: None }
    }

    pub(crate) fn is_encoded(&self) -> bool {
        is_encoded(self.content_encoding)
    }

    pub(crate) fn is_event_stream(&self, asked_for_stream: bool) -> bool {
        let kind = self.content_type.unwrap_or_default().to_ascii_lowercase();
        if kind.contains("event-stream") {
            return true;
        }
        asked_for_stream && !kind.contains("json")
    }
}

fn is_encoded(coding: Option<&str>) -> bool {
    coding.is_some_and(|coding| !matches!(coding.trim(), "" | "identity"))
}

/// Who ended an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The answer was passed on to its end.
    Complete,
    /// The client left.
    ClientClosed,
    /// No connection to the upstream could be made.
    ConnectFailed,
    /// The upstream broke the connection.
    UpstreamReset,
    /// The upstream took too long.
    UpstreamTimeout,
    /// What the upstream sent was no HTTP.
    UpstreamInvalid,
    /// Weir refused the request.
    Rejected,
    /// Weir was stopped.
    Shutdown,
    /// Weir failed.
    Internal,
}

/// One request and its answer. See the [crate's documentation](crate) for an example.
///
/// The order of calls is that of the bytes. Every instant is a [`Duration`] since the request's
/// head was fully read. Calls that come late or not at all (an early answer, a client that leaves)
/// are no error: what is not known stays `None`.
#[derive(Debug)]
pub struct Exchange {
    endpoint: Endpoint,
    policy: Policy,
    request: RequestSide,
    response: ResponseSide,
    connect: Option<Duration>,
    sent: Option<Duration>,
    request_degraded: Option<Degraded>,
}

impl Exchange {
    /// Begins when the request's head has been read.
    pub fn new(head: &RequestHead<'_>, policy: Policy) -> Self {
        let readable = !head.is_encoded() && !head.is_multipart();
        let may_ask =
            policy.usage == UsagePolicy::Exact && head.endpoint.has_stream_options() && readable;
        Self {
            endpoint: head.endpoint,
            policy,
            request: RequestSide::new(policy.limits, may_ask),
            response: ResponseSide::new(policy.limits),
            connect: None,
            sent: None,
            request_degraded: head.is_encoded().then_some(Degraded::Encoded),
        }
    }

    /// A piece of the request's body, `end` with the last one (which may be empty). Returns what
    /// the upstream is to get instead.
    pub fn on_request_body(&mut self, piece: &[u8], end: bool) -> Forward {
        let forward = self.request.push(piece, end);
        if end && self.request.is_invalid() && self.endpoint != Endpoint::Other {
            self.request_degraded.get_or_insert(Degraded::InvalidJson);
        }
        forward
    }

    /// Whether the body may still grow by what Weir adds, so that its length is not yet known.
    pub fn may_grow(&self) -> bool {
        self.request.may_ask()
    }

    /// Whether Weir asked for usage in this request.
    pub fn asked_for_usage(&self) -> bool {
        self.request.asked()
    }

    /// The request will be sent as the client wrote it after all.
    pub fn forget_usage_request(&mut self) {
        self.request.forget_asking();
    }

    /// What the request says of itself, once its body has ended.
    pub fn request(&self) -> Option<&RequestFacts> {
        self.request.facts()
    }

    /// The model that the request names as far as its body has been read.
    pub fn model_so_far(&self) -> Option<String> {
        self.request.model_so_far()
    }

    /// A connection to the upstream was made, in `took`.
    pub fn on_connected(&mut self, took: Duration) {
        self.connect = Some(took);
    }

    /// The last byte of the request was handed on.
    pub fn on_request_sent(&mut self, now: Duration) {
        self.sent = Some(now);
    }

    /// The head of the answer (no informational one).
    pub fn on_response_head(&mut self, head: &ResponseHead<'_>) {
        let drop_usage = self.request.asked();
        self.response.head(self.endpoint, self.request.facts(), head, drop_usage);
    }

    /// Whether any part of an answer has come.
    pub fn has_answer(&self) -> bool {
        self.response.status.is_some()
    }

    /// A piece of the answer's body. Returns what the client is to get instead.
    pub fn on_response_body(&mut self, now: Duration, piece: &[u8]) -> Forward {
        self.response.push(now, piece)
    }

    /// The answer's body has ended as its framing says. Returns bytes that were held back and that
    /// the client is still to get.
    pub fn on_response_end(&mut self) -> Vec<u8> {
        self.response.end()
    }

    /// The answer broke off. Returns bytes that were held back and that the client is still to get.
    pub fn take_held(&mut self) -> Vec<u8> {
        self.response.take_held()
    }

    /// The client could not take bytes: the gap that ends next is counted as discarded.
    pub fn on_client_stall(&mut self) {
        self.response.timing.client_stalled();
    }

    /// The request is sent once more: the meter of the answer starts afresh.
    pub fn restart(&mut self) {
        self.response = ResponseSide::new(self.policy.limits);
        self.connect = None;
        self.sent = None;
    }

    /// The meter failed outside of this crate: what is known stays, nothing more is read.
    pub fn degrade(&mut self, reason: Degraded) {
        self.response.degrade(reason);
    }

    /// The model: the request's, else the answer's.
    pub fn model(&self) -> Option<&str> {
        let asked = self.request.facts().and_then(|facts| facts.model.as_deref());
        asked.or(self.response.model.as_deref())
    }

    /// Hands over what happened since the last time, if it is due at `now` (a second, or 64 gaps,
    /// have gathered) or `all` of it is wanted.
    pub fn take_progress(&mut self, now: Duration, all: bool, take: impl FnOnce(&Progress)) {
        if all || self.response.timing.due(now) {
            self.response.timing.take_batch(now, take);
        }
    }

    /// What is known of the exchange, if it ended at `now` in this way. Asking changes nothing.
    pub fn outcome(&self, now: Duration, end: End) -> Outcome {
        let response = &self.response;
        let kind = self.kind(end);
        let tokens = self.tokens();
        let since_sent = |at: Option<Duration>| Some(at?.saturating_sub(self.sent?));
        let streamed = if response.status.is_some_and(is_ok) {
            response.is_stream
        } else {
            self.request.facts().is_some_and(|facts| facts.stream)
        };
        let left = matches!(
            kind,
            OutcomeKind::ClientClosedBeforeFirstToken | OutcomeKind::ClientClosedMidStream
        );
        Outcome {
            kind,
            endpoint: self.endpoint,
            model: self.model().map(str::to_owned),
            http_status: response.status,
            streamed,
            duration: now,
            time_to_first_byte: since_sent(response.first_byte),
            time_to_first_token: since_sent(response.timing.first()),
            time_to_first_answer_token: since_sent(response.timing.first_answer()),
            time_per_output_token: self.time_per_output_token(&tokens),
            connect: self.connect,
            overhead: self.sent.map(|at| at.saturating_sub(self.connect.unwrap_or_default())),
            request_bytes: self.request.bytes(),
            response_bytes: response.bytes,
            content_events: response.timing.events(),
            usage_missing: self.usage_missing(&tokens),
            abandoned: tokens.output.filter(|tokens| left && tokens.count > 0),
            tokens,
            finish_reason: response.finish.clone(),
            tool_calls: response.tool_calls,
            degraded: response.degraded.or(self.request_degraded),
        }
    }

    fn kind(&self, end: End) -> OutcomeKind {
        let response = &self.response;
        if response.error && response.status.is_some_and(is_ok) {
            return OutcomeKind::StreamError;
        }
        match end {
            End::ConnectFailed => return OutcomeKind::ConnectFailed,
            End::UpstreamReset => return OutcomeKind::UpstreamReset,
            End::UpstreamTimeout => return OutcomeKind::UpstreamTimeout,
            End::UpstreamInvalid => return OutcomeKind::UpstreamError,
            End::Rejected => return OutcomeKind::Rejected,
            End::Shutdown => return OutcomeKind::Shutdown,
            End::Internal => return OutcomeKind::InternalError,
            End::Complete | End::ClientClosed => {}
        }
        if let Some(status) = response.status.filter(|status| *status >= 400) {
            return failed(status, response.context_length);
        }
        match end {
            End::ClientClosed => self.client_closed(),
            _ if self.is_truncated() => OutcomeKind::Truncated,
            _ => OutcomeKind::Success,
        }
    }

    fn client_closed(&self) -> OutcomeKind {
        let response = &self.response;
        let has_all = response.finish.is_some() || response.terminal;
        // Where no token can be seen, bytes are the next best sign of one.
        let by_bytes = !response.is_stream || self.is_unread();
        if has_all || (self.endpoint == Endpoint::Other && response.ended) {
            OutcomeKind::ClientClosedAfterFinish
        } else if response.ended && self.is_truncated() {
            OutcomeKind::Truncated
        } else if response.timing.first().is_some() || (by_bytes && response.first_byte.is_some()) {
            OutcomeKind::ClientClosedMidStream
        } else {
            OutcomeKind::ClientClosedBeforeFirstToken
        }
    }

    fn is_truncated(&self) -> bool {
        let response = &self.response;
        if self.is_unread() || !response.status.is_some_and(has_body) {
            return false;
        }
        if response.is_stream {
            response.finish.is_none() && !response.terminal
        } else {
            response.cut
        }
    }

    /// Whether what the answer says can't be known.
    fn is_unread(&self) -> bool {
        let unread = matches!(self.response.degraded, Some(Degraded::Encoded | Degraded::Panic));
        unread || self.endpoint == Endpoint::Other
    }

    fn tokens(&self) -> TokenCounts {
        let response = &self.response;
        let rule = match self.endpoint {
            Endpoint::Messages => CacheRule::OnTop,
            _ => CacheRule::Within,
        };
        let reported = |count| Some(Tokens { count, source: Source::Reported });
        TokenCounts {
            input: response.usage.input(rule).and_then(reported),
            output: self.output_tokens(),
            cached_input: response.usage.cached_input(),
            cache_write_input: response.usage.cache_write_input(),
            reasoning_output: response.usage.reasoning,
        }
    }

    fn output_tokens(&self) -> Option<Tokens> {
        let response = &self.response;
        if !self.endpoint.generates() {
            return None;
        }
        // Until the end, the usage on an event of several choices is that of one of them.
        let is_last = response.ended && !self.is_truncated();
        let partial = self.has_choices() && !response.usage_is_sum && !is_last;
        if let Some(count) = response.usage.output.filter(|_| !partial) {
            return Some(Tokens { count, source: Source::Reported });
        }
        let count = response.timing.events();
        (count > 0).then_some(Tokens { count, source: Source::Estimated })
    }

    /// Whether there is more than one choice.
    fn has_choices(&self) -> bool {
        let asked = self.request.facts().and_then(|facts| facts.choices).unwrap_or(1);
        asked > 1 || self.response.choices > 1
    }

    fn time_per_output_token(&self, tokens: &TokenCounts) -> Option<Duration> {
        let output = tokens.output.filter(|tokens| tokens.source == Source::Reported)?;
        let between = u32::try_from(output.count).ok()?.checked_sub(1)?;
        let generation = self.response.timing.generation().filter(|_| !self.has_choices())?;
        generation.checked_div(between)
    }

    fn usage_missing(&self, tokens: &TokenCounts) -> Option<UsageMissing> {
        let response = &self.response;
        let is_known = if self.endpoint.generates() {
            tokens.output.is_some_and(|tokens| tokens.source == Source::Reported)
        } else {
            tokens.input.is_some()
        };
        let expected = self.endpoint.reports_usage() && response.status.is_some_and(has_body);
        if is_known || !expected {
            return None;
        }
        let declined = response.is_stream
            && self.endpoint.has_stream_options()
            && self.request.facts().is_some_and(|facts| facts.has_stream_options);
        Some(if response.degraded.is_some() {
            UsageMissing::Degraded
        } else if !response.ended || self.is_truncated() || response.error {
            UsageMissing::StreamCut
        } else if response.usage_unread {
            UsageMissing::Unparsed
        } else if declined {
            UsageMissing::ClientDeclined
        } else {
            UsageMissing::NotSent
        })
    }
}

fn is_ok(status: u16) -> bool {
    (200..300).contains(&status)
}

/// A success that comes with a body.
fn has_body(status: u16) -> bool {
    is_ok(status) && status != 204
}

fn failed(status: u16, context_length: bool) -> OutcomeKind {
    match status {
        401 | 403 => OutcomeKind::Unauthorized,
        404 => OutcomeKind::NotFound,
        408 | 504 => OutcomeKind::UpstreamTimeout,
        429 => OutcomeKind::RateLimited,
        503 | 529 => OutcomeKind::Overloaded,
        400..500 if context_length => OutcomeKind::ContextLength,
        400..500 => OutcomeKind::BadRequest,
        _ => OutcomeKind::UpstreamError,
    }
}
