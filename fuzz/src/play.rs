//! An exchange that is called, and what is seen of it from outside.

use std::time::Duration;

use weir_wire::{Endpoint, Exchange, Limits, Policy, Progress, UsagePolicy};

use crate::calls::Call;
use crate::dice::Dice;
use crate::head::Head;
use crate::passed::Passed;
use crate::sound;

/// Limits that an input of some hundred bytes goes over.
fn small() -> Limits {
    let limits = Limits::default();
    Limits { model_bytes: 16, event_bytes: 256, hold_bytes: 64, decoded_bytes: 512, ..limits }
}

/// A closing brace and what stands behind it wait for the end of the request.
const REQUEST_TAIL: usize = 4 << 10;

/// What is known from outside.
#[derive(Debug)]
pub struct Play {
    /// The meter.
    pub exchange: Exchange,
    /// What the operator allows it.
    pub policy: Policy,
    /// The instant that was given last.
    pub now: Duration,
    /// All that the meter was given of answers since the request was sent.
    pub answers: Vec<u8>,
    /// A coding, or frames: the numbers of an answer can't be seen from outside.
    pub is_wrapped: bool,
    /// The cut may matter: of a broken brotli stream it decides how much is read before the fault,
    /// and after a second head, which no caller has, nothing is promised.
    pub may_differ: bool,
    /// All batches since the request was sent, put together.
    pub progress: Progress,
    /// All that was handed back.
    pub out: Vec<u8>,
    request: Passed,
    /// The body of the answer, from its head on.
    answer: Passed,
    request_has_ended: bool,
    may_take_out: bool,
    /// Cuts what it is given.
    dice: Option<Dice>,
}

impl Play {
    /// Begins with a request; with dice, bodies are given in smaller pieces than the calls say.
    pub fn new(head: Head<'_>, dice: Option<Dice>) -> Self {
        let limits = if head.says("small") { small() } else { Limits::default() };
        let usage = if head.says("observe") { UsagePolicy::Observe } else { UsagePolicy::Exact };
        let policy = Policy { usage, limits };
        let request = head.request();
        Self {
            exchange: Exchange::new(&request, policy),
            policy,
            now: Duration::ZERO,
            answers: Vec::new(),
            is_wrapped: request.endpoint == Endpoint::Realtime
                || request.content_encoding.is_some(),
            may_differ: is_brotli(request.content_encoding),
            progress: Progress::default(),
            request: Passed::default(),
            answer: Passed::default(),
            request_has_ended: false,
            may_take_out: false,
            out: Vec::new(),
            dice,
        }
    }

    /// Makes a call.
    pub fn call(&mut self, call: Call<'_>) {
        match call {
            Call::RequestBody(bytes, end) => self.request_body(bytes, end),
            Call::Connected => self.exchange.on_connected(self.now),
            Call::RequestSent => self.exchange.on_request_sent(self.now),
            Call::ResponseHead(head) => self.response_head(head),
            Call::ResponseBody(bytes) => self.response_body(bytes),
            Call::ResponseEnd => {
                let held = self.exchange.on_response_end();
                self.answer.add(&[], &held);
                self.end_answer();
            }
            Call::ClientFrames(bytes) => {
                for piece in self.pieces(bytes) {
                    self.exchange.on_client_frames(piece);
                }
            }
            Call::TakeHeld => {
                let before = self.answer.got.len();
                self.take_held();
                self.answer.torn |= self.answer.got.len() > before;
            }
            Call::ClientStall(time) => self.exchange.on_client_stall(time),
            Call::ForgetUsage => {
                // The caller has the request as it was written, and sends that.
                self.request.torn |= self.request.got != self.request.given;
                self.exchange.forget_usage_request();
            }
            Call::Restart => self.restart(),
            Call::TakeProgress => self.take_progress(),
            Call::Wait(time) => self.now += time,
        }
        let asked = self.exchange.asked_for_usage();
        assert!(!asked || self.policy.usage == UsagePolicy::Exact, "nobody may ask");
        self.may_take_out |= asked;
    }

    fn pieces<'a>(&mut self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        match &mut self.dice {
            Some(dice) if !bytes.is_empty() => dice.cut(bytes),
            _ => vec![bytes],
        }
    }

    fn request_body(&mut self, bytes: &[u8], end: bool) {
        let pieces = self.pieces(bytes);
        for (index, piece) in pieces.iter().enumerate() {
            let is_last = end && index + 1 == pieces.len();
            let forward = self.exchange.on_request_body(piece, is_last);
            self.request.add(piece, &forward.bytes(piece));
            if !is_last {
                self.request.assert_behind(REQUEST_TAIL);
            }
        }
        if !end {
            return;
        }
        if self.exchange.asked_for_usage() && !self.request_has_ended {
            self.request.assert_asked();
        } else {
            self.request.assert_same();
        }
        self.request_has_ended = true;
        self.out.append(&mut std::mem::take(&mut self.request).got);
    }

    fn response_head(&mut self, head: Head<'_>) {
        let is_second = self.exchange.has_answer();
        self.take_held();
        self.end_answer();
        self.answer.torn = is_second;
        let response = head.response();
        self.is_wrapped |= response.content_encoding.is_some();
        self.may_differ |= is_second || is_brotli(response.content_encoding);
        self.exchange.on_response_head(&response);
        for (name, value) in head.headers() {
            self.exchange.on_response_header(&name.to_ascii_lowercase(), value);
            self.answers.extend_from_slice(value.as_bytes());
            self.answers.push(b'\n');
        }
    }

    fn response_body(&mut self, bytes: &[u8]) {
        self.answers.extend_from_slice(bytes);
        for piece in self.pieces(bytes) {
            let forward = self.exchange.on_response_body(self.now, piece);
            self.answer.add(piece, &forward.bytes(piece));
            self.may_take_out |= self.exchange.asked_for_usage();
            if !self.may_take_out {
                self.answer.assert_behind(self.policy.limits.hold_bytes);
            }
        }
    }

    fn take_held(&mut self) {
        let held = self.exchange.take_held();
        self.answer.add(&[], &held);
    }

    fn restart(&mut self) {
        self.take_held();
        self.end_answer();
        self.exchange.restart();
        self.answers.clear();
        self.progress = Progress::default();
        if !self.request_has_ended {
            self.request = Passed::default();
        }
    }

    fn end_answer(&mut self) {
        if self.may_take_out {
            self.answer.assert_only_usage_less();
        } else {
            self.answer.assert_same();
        }
        self.out.append(&mut std::mem::take(&mut self.answer).got);
    }

    fn take_progress(&mut self) {
        let sum = &mut self.progress;
        self.exchange.take_progress(|batch| {
            let Progress { events, coalesced, discarded, gaps } = batch;
            sum.events += events;
            sum.coalesced += coalesced;
            sum.discarded += discarded;
            sum.gaps.extend_from_slice(gaps);
        });
    }

    /// Nothing more comes.
    pub fn finish(&mut self) {
        self.take_held();
        self.end_answer();
        self.take_progress();
        sound::assert_adds_up(self);
    }
}

fn is_brotli(coding: Option<&str>) -> bool {
    coding.is_some_and(|coding| coding.to_ascii_lowercase().contains("br"))
}
