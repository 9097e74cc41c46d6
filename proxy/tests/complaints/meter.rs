//! The pure meter, given the events of a stream at instants that the test chooses.

use std::time::Duration;

use weir_wire::{End, Endpoint, Exchange, Outcome, Policy, RequestHead, ResponseHead};

/// A streamed request that was handed on at 0 ms.
pub(crate) struct Meter {
    exchange: Exchange,
    gaps: Vec<Duration>,
}

pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

impl Meter {
    pub(crate) fn of(endpoint: Endpoint) -> Self {
        let mut exchange = Exchange::new(&RequestHead::json(endpoint), Policy::observe());
        let _unchanged = exchange.on_request_body(br#"{"model":"tiny","stream":true}"#, true);
        exchange.on_request_sent(Duration::ZERO);
        exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
        Self { exchange, gaps: Vec::new() }
    }

    pub(crate) fn chat() -> Self {
        Self::of(Endpoint::ChatCompletions)
    }

    /// Bytes of the stream come after so many milliseconds.
    pub(crate) fn gets(&mut self, at: u64, bytes: impl AsRef<[u8]>) {
        let _unchanged = self.exchange.on_response_body(ms(at), bytes.as_ref());
        self.exchange.take_progress(|new| self.gaps.extend_from_slice(&new.gaps));
    }

    /// The stream ends well; the gaps between its tokens are told too.
    pub(crate) fn end(mut self, at: u64) -> (Outcome, Vec<Duration>) {
        let _nothing = self.exchange.on_response_end();
        (self.exchange.outcome(ms(at), End::Complete), self.gaps)
    }
}

/// An event of a chat whose delta is this.
pub(crate) fn delta(delta: &str) -> String {
    format!(
        "data: {{\"model\":\"tiny\",\"choices\":[{{\"index\":0,\"delta\":{{{delta}}},\
         \"finish_reason\":null}}]}}\n\n"
    )
}

/// An event of a chat with this text.
pub(crate) fn content(text: &str) -> String {
    delta(&format!("\"content\":\"{text}\""))
}

/// The end of a chat that says this of its usage.
pub(crate) fn ending(usage: &str) -> String {
    format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n\
         data: {{\"choices\":[],\"usage\":{usage}}}\n\ndata: [DONE]\n\n"
    )
}
