//! From what an exchange knows to its outcome.

use std::time::Duration;

use super::Exchange;
use crate::usage::{CacheRule, Usage};
use crate::{
    Endpoint, EngineReport, GatewayReport, Outcome, OutcomeKind, Source, TokenCounts, Tokens,
    UsageMissing,
};

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

impl Exchange {
    /// What is known of the exchange, if it ended at `now` in this way. Asking changes nothing.
    pub fn outcome(&self, now: Duration, end: End) -> Outcome {
        let mut outcome = self.bare_outcome(now, end);
        outcome.model = self.model().map(str::to_owned);
        outcome.response_model = self.response.model.clone();
        outcome.response_id = self.response.id.clone();
        outcome.finish_reason = self.response.finish.clone();
        outcome.engine = self.response.engine.clone();
        outcome.gateway = self.response.gateway.as_deref().cloned().unwrap_or_default();
        outcome
    }

    /// The same for who asks once and no more: what the answer says of itself is handed over, not copied.
    pub fn take_outcome(&mut self, now: Duration, end: End) -> Outcome {
        let mut outcome = self.bare_outcome(now, end);
        outcome.model = self.model().map(str::to_owned);
        outcome.response_model = self.response.model.take();
        outcome.response_id = self.response.id.take();
        outcome.finish_reason = self.response.finish.take();
        outcome.engine = std::mem::take(&mut self.response.engine);
        outcome.gateway = self.response.gateway.take().map(|report| *report).unwrap_or_default();
        outcome
    }

    /// The same without the texts.
    fn bare_outcome(&self, now: Duration, end: End) -> Outcome {
        let response = &self.response;
        let kind = self.kind(end);
        let tokens = self.tokens();
        // An answer that began before the request had ended has no time since then.
        let since_sent = |at: Option<Duration>| at?.checked_sub(self.sent?);
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
            model: None,
            response_model: None,
            response_id: None,
            parameters: self.request.facts().map(|facts| facts.parameters).unwrap_or_default(),
            http_status: response.status,
            streamed,
            duration: now,
            time_to_first_byte: since_sent(response.first_byte),
            time_to_first_token: since_sent(response.timing.first()),
            time_to_first_answer_token: since_sent(response.timing.first_answer()),
            time_per_output_token: self.time_per_output_token(&tokens),
            client_stall: self.client_stall,
            connect: self.connect,
            overhead: self.sent.map(|at| at.saturating_sub(self.connect.unwrap_or_default())),
            request_bytes: self.request.bytes() + self.client.as_ref().map_or(0, |it| it.bytes),
            response_bytes: response.bytes,
            content_events: response.timing.events(),
            usage_missing: self.usage_missing(&tokens),
            audio: response.audio(),
            // The answers of a session whose tokens are told have been delivered.
            abandoned: tokens
                .output
                .filter(|tokens| left && tokens.count > 0 && !self.is_upgraded()),
            tokens,
            finish_reason: None,
            tool_calls: response.tool_calls,
            engine: EngineReport::default(),
            gateway: GatewayReport::default(),
            degraded: response.degraded.or(self.request_degraded),
        }
    }

    fn kind(&self, end: End) -> OutcomeKind {
        let response = &self.response;
        if response.error && (response.status.is_some_and(is_ok) || self.is_upgraded()) {
            return OutcomeKind::StreamError;
        }
        if self.is_upgraded() && self.said_goodbye() {
            return OutcomeKind::Success;
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
        if self.is_upgraded() {
            return self.session_ended(end);
        }
        match end {
            End::ClientClosed => self.client_closed(),
            _ if self.is_truncated() => OutcomeKind::Truncated,
            _ => OutcomeKind::Success,
        }
    }

    /// Whether either side of a WebSocket has said goodbye.
    fn said_goodbye(&self) -> bool {
        self.response.terminal || self.client.as_ref().is_some_and(|client| client.closed)
    }

    /// How a WebSocket ended of which nobody has taken leave.
    fn session_ended(&self, end: End) -> OutcomeKind {
        match end {
            End::ClientClosed => OutcomeKind::ClientClosedMidStream,
            _ if self.is_unread() => OutcomeKind::Success,
            _ => OutcomeKind::Truncated,
        }
    }

    fn client_closed(&self) -> OutcomeKind {
        let response = &self.response;
        // Where no token can be seen, bytes are the next best sign of one.
        let by_bytes = !response.is_stream || self.is_unread();
        if response.is_stream && response.terminal {
            // The OpenAI SDK hangs up at `[DONE]`: it has read the answer to its end.
            OutcomeKind::Success
        } else if response.has_finished() || (self.is_unread() && response.ended) {
            OutcomeKind::ClientClosedAfterFinish
        } else if response.ended && self.is_truncated() {
            OutcomeKind::Truncated
        } else if response.ended && !response.is_stream {
            OutcomeKind::ClientClosedAfterFinish
        } else if response.timing.first().is_some() || (by_bytes && response.first_byte.is_some()) {
            OutcomeKind::ClientClosedMidStream
        } else {
            OutcomeKind::ClientClosedBeforeFirstToken
        }
    }

    /// Whether no more can be said: clients hang up at the last event (the OpenAI SDK at `[DONE]`), a
    /// moment before the body ends.
    fn is_over(&self) -> bool {
        self.response.ended || self.response.terminal
    }

    fn is_truncated(&self) -> bool {
        let response = &self.response;
        if self.is_unread() || !response.status.is_some_and(has_body) {
            return false;
        }
        if response.is_stream {
            !response.has_finished() && !response.terminal
        } else {
            response.cut
        }
    }

    /// Whether what the answer says can't be known.
    fn is_unread(&self) -> bool {
        let response = &self.response;
        response.unread || response.opaque || self.endpoint == Endpoint::Other
    }

    fn tokens(&self) -> TokenCounts {
        let rule = match self.endpoint {
            Endpoint::Messages => CacheRule::OnTop,
            _ => CacheRule::Within,
        };
        let reported = |count| Some(Tokens { count, source: Source::Reported });
        let usage = self.usage();
        TokenCounts {
            input: usage.input(rule).and_then(reported),
            output: self.output_tokens(&usage),
            cached_input: usage.cached_input(),
            cache_write_input: usage.cache_write_input(),
            reasoning_output: usage.reasoning,
        }
    }

    /// Usage of all choices together; without output, where that of some is not known.
    fn usage(&self) -> Usage {
        let response = &self.response;
        let shares = &response.shares;
        let at_once = shares.is_told_at_once() && response.has_finished();
        if !response.is_stream || !self.has_choices() || at_once {
            return response.usage;
        }
        let is_last = self.is_over() && !self.is_truncated();
        match shares.count() {
            // Told once, at the end: that is of all of them.
            0 | 1 if is_last => response.usage,
            count if is_last && count >= response.choices => shares.sum(self.asked_choices()),
            _ => response.usage.without_output(),
        }
    }

    fn output_tokens(&self, usage: &Usage) -> Option<Tokens> {
        if !self.endpoint.generates() {
            // Most write a 0 for what they do not do; vLLM's generative scoring counts.
            let count = usage.output.filter(|count| *count > 0)?;
            return Some(Tokens { count, source: Source::Reported });
        }
        if let Some(count) = usage.output {
            return Some(Tokens { count, source: Source::Reported });
        }
        // A piece of sound is no token.
        let is_sound = self.endpoint == Endpoint::Speech;
        let count = if is_sound { 0 } else { self.response.timing.events() };
        (count > 0).then_some(Tokens { count, source: Source::Estimated })
    }

    /// Choices that were asked for, of each prompt.
    fn asked_choices(&self) -> u64 {
        self.request.facts().and_then(|facts| facts.parameters.choices).unwrap_or(1)
    }

    /// Whether there is more than one choice.
    fn has_choices(&self) -> bool {
        self.asked_choices() > 1 || self.response.choices > 1
    }

    fn time_per_output_token(&self, tokens: &TokenCounts) -> Option<Duration> {
        let output = tokens.output.filter(|tokens| tokens.source == Source::Reported)?;
        let between = u32::try_from(output.count).ok()?.checked_sub(1)?;
        let generation = self.response.timing.generation().filter(|_| !self.has_choices())?;
        generation.checked_div(between)
    }

    /// Whether an answer of this kind carries usage.
    fn expects_usage(&self) -> bool {
        let response = &self.response;
        match self.endpoint {
            Endpoint::Other | Endpoint::Realtime => false,
            _ if response.opaque => false,
            // OpenAI's and vLLM's have none.
            Endpoint::Translations => response.is_stream,
            // Sound has no room for it; events have.
            Endpoint::Speech => response.is_stream,
            // `background`: the answer is still to be made, and will be fetched with GET.
            Endpoint::Responses => {
                response.is_stream
                    || !matches!(response.finish.as_deref(), Some("queued" | "in_progress"))
            }
            _ => true,
        }
    }

    fn usage_missing(&self, tokens: &TokenCounts) -> Option<UsageMissing> {
        let response = &self.response;
        let is_known = if self.endpoint.generates() {
            tokens.output.is_some_and(|tokens| tokens.source == Source::Reported)
        } else {
            tokens.input.is_some()
        };
        let expected = response.status.is_some_and(has_body) && self.expects_usage();
        if is_known || response.audio().is_some() || !expected {
            return None;
        }
        let declined = response.is_stream
            && self.endpoint.has_stream_options()
            && self
                .request
                .facts()
                .is_some_and(|facts| facts.has_stream_options && !facts.include_usage);
        Some(if response.degraded.is_some() {
            UsageMissing::Degraded
        } else if !self.is_over() || self.is_truncated() || response.error {
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
