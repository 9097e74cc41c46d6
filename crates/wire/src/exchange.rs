//! One request and its answer: the state machine that the callers drive.

mod verdict;

use std::time::Duration;

pub use verdict::End;

use crate::request::RequestSide;
use crate::response::ResponseSide;
use crate::{
    Degraded, Endpoint, Forward, Policy, Progress, RequestFacts, RequestHead, ResponseHead,
    UsagePolicy,
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
        if self.request.has_failed() {
            self.request_degraded.get_or_insert(Degraded::Panic);
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
        // An early answer comes while it is not yet decided whether usage is asked for.
        let may_drop = self.request.asked() || self.request.may_ask();
        self.response.head(self.endpoint, self.request.facts(), head, may_drop);
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

    /// The client could not take bytes: the gap that ends next is counted as discarded.
    pub fn on_client_stall(&mut self) {
        self.response.timing.client_stalled();
    }

    /// The request is sent once more, from the first byte of its body: the meter of the answer starts
    /// afresh, the request is counted once.
    pub fn restart(&mut self) {
        self.request.restart();
        self.response = ResponseSide::new(self.policy.limits);
        self.connect = None;
        self.sent = None;
    }

    /// The model: the request's, else the answer's.
    pub fn model(&self) -> Option<&str> {
        let asked = self.request.facts().and_then(|facts| facts.model.as_deref());
        asked.or(self.response.model.as_deref())
    }

    /// Hands over what happened in the stream since the last time, if anything did.
    pub fn take_progress(&mut self, take: impl FnOnce(&Progress)) {
        self.response.timing.take_batch(take);
    }
}

#[cfg(test)]
mod tests;
