//! One request and its answer: the state machine that the callers drive.

mod session;
mod verdict;

use std::time::Duration;

use session::ClientSession;
pub use verdict::End;

use crate::request::{RequestSide, cut_name};
use crate::response::{ResponseSide, SWITCHING_PROTOCOLS};
use crate::{
    Addition, Degraded, Endpoint, Forward, Policy, Progress, RequestFacts, RequestHead,
    ResponseHead,
};

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
    /// The model that the path or the query names.
    named: Option<String>,
    /// What the client says once it is upgraded.
    client: Option<Box<ClientSession>>,
    /// How long the client could not take bytes.
    client_stall: Duration,
}

impl Exchange {
    /// Begins when the request's head has been read.
    pub fn new(head: &RequestHead<'_>, policy: Policy) -> Self {
        Self {
            endpoint: head.endpoint,
            policy,
            request: RequestSide::new(head, policy),
            response: ResponseSide::new(policy.limits, true),
            connect: None,
            sent: None,
            request_degraded: None,
            named: head.model().map(|name| cut_name(name, policy.limits.model_bytes)),
            client: None,
            client_stall: Duration::ZERO,
        }
    }

    /// From the next head on parses every event of an answer, also such as are like an earlier one: what
    /// comes out is the same. For tests of that.
    #[doc(hidden)]
    pub fn parse_every_event(&mut self) {
        self.response.parse_every_event();
    }

    /// How many events of the answer at hand were not parsed, being like an earlier one. For tests.
    #[doc(hidden)]
    pub fn events_skimmed(&self) -> u64 {
        self.response.events_skimmed()
    }

    /// A piece of the request's body, `end` with the last one (which may be empty). Returns what
    /// the upstream is to get instead.
    pub fn on_request_body(&mut self, piece: &[u8], end: bool) -> Forward {
        let forward = self.request.push(piece, end);
        self.endpoint = self.request.endpoint_by_shape().unwrap_or(self.endpoint);
        if self.request.has_failed() {
            self.request_degraded.get_or_insert(Degraded::Panic);
        } else if self.request.is_encoded() {
            self.request_degraded.get_or_insert(Degraded::Encoded);
        } else if end && self.request.is_invalid() && self.endpoint != Endpoint::Other {
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

    /// What was added to the body for that, so that who reads all of it first need not put together
    /// what [`on_request_body`](Self::on_request_body) returned for its pieces.
    pub fn addition(&self) -> Option<Addition> {
        self.request.addition()
    }

    /// The request will be sent as the client wrote it after all.
    pub fn forget_usage_request(&mut self) {
        self.request.forget_asking();
    }

    /// The API that the request speaks: that of its path, or where the path leaves it open
    /// (SageMaker's `/invocations`) that of its body, once that has ended.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// What the request says of itself, once its body has ended.
    pub fn request(&self) -> Option<&RequestFacts> {
        self.request.facts()
    }

    /// The model that the request names as far as its body has been read.
    pub fn model_so_far(&self) -> Option<String> {
        self.named.clone().or_else(|| self.request.model_so_far())
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
        if self.request.is_by_shape() && self.request.facts().is_none() {
            // It is not known yet what is answered, so nothing could be taken out of it.
            self.request.forget_asking();
        }
        // An early answer comes while it is not yet decided whether usage is asked for.
        let may_drop = self.request.asked() || self.request.may_ask();
        self.response.head(self.endpoint, self.request.facts(), head, may_drop);
    }

    /// Whether [`on_response_header`](Self::on_response_header) does not pass over a header of this name, in lower
    /// case.
    pub fn reads_header(name: &str) -> bool {
        ResponseSide::reads_header(name)
    }

    /// A header of the answer, after its head: what LiteLLM says of its work, and usage that stands in
    /// no body. All others are passed over. `name` in lower case.
    pub fn on_response_header(&mut self, name: &str, value: &str) {
        self.response.header(name, value);
    }

    /// Whether the answer is a WebSocket: what comes from both sides are frames.
    pub fn is_upgraded(&self) -> bool {
        let switched = self.response.status == Some(SWITCHING_PROTOCOLS);
        switched && self.endpoint == Endpoint::Realtime
    }

    /// Frames of the client, which go on as they are.
    pub fn on_client_frames(&mut self, piece: &[u8]) {
        let is_named = self.named.is_some() || self.response.model.is_some();
        let client = self.client.get_or_insert_with(|| Box::new(ClientSession::new()));
        client.push(piece, self.policy.limits.model_bytes, is_named);
        self.request_degraded = self.request_degraded.or(client.degraded);
    }

    /// Whether the client of a WebSocket has said anything.
    pub fn client_has_spoken(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.spoke)
    }

    /// Whether the answer's body has ended.
    pub fn answer_has_ended(&self) -> bool {
        self.response.ended
    }

    /// Whether any part of an answer has come.
    pub fn has_answer(&self) -> bool {
        self.response.status.is_some()
    }

    /// Whether the answer is a stream of events: some may be taken out, and none may wait.
    pub fn answer_is_stream(&self) -> bool {
        self.response.is_stream
    }

    /// A piece of the answer's body. Returns what the client is to get instead.
    pub fn on_response_body(&mut self, now: Duration, piece: &[u8]) -> Forward {
        self.response.push(now, piece, self.request.asked())
    }

    /// The answer's body has ended as its framing says. Returns bytes that were held back and that
    /// the client is still to get.
    pub fn on_response_end(&mut self) -> Vec<u8> {
        self.response.end(self.request.asked())
    }

    /// The answer broke off. Returns bytes that were held back and that the client is still to get.
    pub fn take_held(&mut self) -> Vec<u8> {
        self.response.take_held()
    }

    /// The client could not take bytes for so long since the last piece: the gap that ends next is not
    /// the model's, and is counted as discarded.
    pub fn on_client_stall(&mut self, time: Duration) {
        self.client_stall = self.client_stall.saturating_add(time);
        self.response.timing.client_stalled();
    }

    /// The request is sent once more, from the first byte of its body: the meter of the answer starts
    /// afresh, the request is counted once.
    pub fn restart(&mut self) {
        self.request.restart();
        self.response = ResponseSide::new(self.policy.limits, self.response.skims());
        self.connect = None;
        self.sent = None;
    }

    /// The model: the request's, be it in the path or in the body, else the answer's.
    pub fn model(&self) -> Option<&str> {
        let client = self.client.as_ref();
        self.named
            .as_deref()
            .or_else(|| self.request.facts()?.model.as_deref())
            .or_else(|| client?.answering.as_deref())
            .or(self.response.model.as_deref())
            .or_else(|| client?.listening.as_deref())
    }

    /// Hands over what happened in the stream since the last time, if anything did.
    pub fn take_progress(&mut self, take: impl FnOnce(&Progress)) {
        self.response.timing.take_batch(take);
    }
}

#[cfg(test)]
mod tests;
