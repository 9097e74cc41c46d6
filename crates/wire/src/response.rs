//! The answer on its way: which kind of body it is, what its events say, what is passed on.

mod events;
mod reading;
mod socket;

use std::time::Duration;

use events::Events;

use crate::coding::Decoder as Coding;
use crate::dialect::{Call, Dialect, Reading, pooled};
use crate::guard::guarded;
use crate::hold::Hold;
use crate::members::Members;
use crate::shares::Shares;
use crate::skim::Skim;
use crate::timing::Timing;
use crate::trap::Trap;
use crate::usage::Usage;
use crate::websocket::Frames;
use crate::{
    Degraded, Endpoint, EngineReport, Forward, GatewayReport, Limits, RequestFacts, ResponseHead,
    error_body,
};

/// What turns a request into a WebSocket.
pub(crate) const SWITCHING_PROTOCOLS: u16 = 101;

/// The header in which vLLM tells the usage of vectors that are bare bytes.
const METADATA: &str = "metadata";

/// How the body of an answer is read.
#[derive(Debug)]
enum Body {
    /// Not at all: no head yet, an endpoint without a dialect, a coding, or a meter that failed.
    Unread,
    Events(Box<Events>),
    /// JSON of which nothing has come yet.
    Unbegun(Dialect),
    Json(Box<Members>),
    /// One that was there whole with its first piece, and what it says.
    Whole(Box<Reading<'static>>),
    Error(Box<Members>),
    /// Of a WebSocket.
    Socket(Box<Frames>),
}

/// What is known of the answer so far.
#[derive(Debug)]
pub(crate) struct ResponseSide {
    dialect: Option<Dialect>,
    limits: Limits,
    /// Events that are like an earlier one are not parsed.
    skims: bool,
    body: Body,
    /// The content coding of the body, which is read from a decoded copy.
    coding: Option<Box<Coding>>,
    pub(crate) timing: Timing,
    pub(crate) status: Option<u16>,
    pub(crate) is_stream: bool,
    pub(crate) first_byte: Option<Duration>,
    last_byte: Duration,
    pub(crate) bytes: u64,
    pub(crate) ended: bool,
    /// The body is of a kind that its endpoint has too, but that says nothing: text, audio, vectors.
    pub(crate) opaque: bool,
    /// From some point on nothing could be read any more.
    pub(crate) unread: bool,
    pub(crate) usage: Usage,
    /// The client was sent usage.
    usage_passed: bool,
    /// Usage events that were taken out.
    usage_taken: u64,
    /// What was told choice by choice.
    pub(crate) shares: Shares,
    pub(crate) usage_unread: bool,
    pub(crate) finish: Option<String>,
    /// Choices whose finish reason has been seen, a bit each (the first 64).
    finishes: u64,
    pub(crate) terminal: bool,
    pub(crate) error: bool,
    pub(crate) context_length: bool,
    /// A body that ended before it was whole.
    pub(crate) cut: bool,
    pub(crate) model: Option<String>,
    /// Its own name, given by the server.
    pub(crate) id: Option<String>,
    pub(crate) tool_calls: u32,
    /// Those among them that have a place of their own, which can be named again.
    calls: Vec<Call>,
    pub(crate) choices: u64,
    /// An answer of a session was complete.
    answered: bool,
    /// No more choices than these can come.
    most_choices: u64,
    /// Length of the audio that was heard, where it stands outside of usage.
    audio: Option<Duration>,
    pub(crate) engine: EngineReport,
    /// Most answers come from no gateway.
    pub(crate) gateway: Option<Box<GatewayReport>>,
    pub(crate) degraded: Option<Degraded>,
    pub(crate) trap: Trap,
}

impl ResponseSide {
    pub(crate) fn new(limits: Limits, skims: bool) -> Self {
        Self {
            dialect: None,
            limits,
            skims,
            body: Body::Unread,
            coding: None,
            timing: Timing::default(),
            status: None,
            is_stream: false,
            first_byte: None,
            last_byte: Duration::ZERO,
            bytes: 0,
            ended: false,
            opaque: false,
            unread: false,
            usage: Usage::default(),
            usage_passed: false,
            usage_taken: 0,
            shares: Shares::default(),
            usage_unread: false,
            finish: None,
            finishes: 0,
            terminal: false,
            error: false,
            context_length: false,
            cut: false,
            model: None,
            id: None,
            tool_calls: 0,
            calls: Vec::new(),
            choices: 0,
            answered: false,
            most_choices: u64::MAX,
            audio: None,
            engine: EngineReport::default(),
            gateway: None,
            degraded: None,
            trap: Trap::planted(),
        }
    }

    pub(crate) fn skims(&self) -> bool {
        self.skims
    }

    pub(crate) fn parse_every_event(&mut self) {
        self.skims = false;
    }

    pub(crate) fn events_skimmed(&self) -> u64 {
        match &self.body {
            Body::Events(events) => events.skimmed(),
            _ => 0,
        }
    }

    pub(crate) fn head(
        &mut self,
        endpoint: Endpoint,
        request: Option<&RequestFacts>,
        head: &ResponseHead<'_>,
        may_drop: bool,
    ) {
        self.body = Body::Unread;
        let echo_only =
            request.is_some_and(|facts| facts.echo && facts.parameters.max_tokens == Some(0));
        self.dialect = Dialect::of(endpoint, echo_only);
        if let (Endpoint::ChatCompletions, Some(facts)) = (endpoint, request) {
            // TGI 1.4.0 counts tokens where the index of the choice should stand.
            self.most_choices = facts.parameters.choices.unwrap_or(1);
        }
        self.status = Some(head.status);
        // Where sound and text are answers too, only the head tells a stream of events.
        let may_be_opaque = self.dialect.is_none_or(Dialect::has_opaque_bodies);
        let asked_for_stream = request.is_some_and(|facts| facts.stream) && !may_be_opaque;
        let is_ok = (200..300).contains(&head.status);
        self.is_stream = is_ok && head.is_event_stream(asked_for_stream);
        if endpoint == Endpoint::Realtime && head.status == SWITCHING_PROTOCOLS {
            self.body = Body::Socket(Box::new(Frames::new(self.limits.event_bytes)));
        }
        let Some(dialect) = self.dialect else { return };
        self.opaque = is_ok && !self.is_stream && may_be_opaque && !head.may_be_json();
        if self.opaque {
            return;
        }
        if let Some(coding) = head.coding() {
            self.coding = Coding::of(coding, self.limits.decoded_bytes).map(Box::new);
            if self.coding.is_none() {
                self.degrade(Degraded::Encoded);
                return;
            }
        }
        self.body = if !is_ok {
            Body::Error(Box::new(Members::new(error_body::WANTED)))
        } else if self.is_stream {
            // No event can be taken out of a compressed stream.
            let hold =
                (may_drop && self.coding.is_none()).then(|| Hold::new(self.limits.hold_bytes));
            let skim = if self.skims { Skim::new() } else { Skim::off() };
            Body::Events(Box::new(Events::new(self.limits.event_bytes, skim, hold)))
        } else {
            Body::Unbegun(dialect)
        };
    }

    /// Whether a header of this name says anything.
    pub(crate) fn reads_header(name: &str) -> bool {
        name == METADATA || GatewayReport::has(name)
    }

    /// Reads a header.
    pub(crate) fn header(&mut self, name: &str, value: &str) {
        if GatewayReport::has(name) {
            self.gateway.get_or_insert_default().header(name, value);
        }
        // vLLM's vectors as bare bytes (`encoding_format: "bytes"`) have their usage in the head.
        if name == METADATA && self.dialect == Some(Dialect::Pooled) {
            let metadata = guarded(|| pooled::metadata(value)).flatten().unwrap_or_default();
            self.note(metadata);
        }
    }

    /// Reads a piece; `drop_usage` if usage was asked for in the client's place.
    pub(crate) fn push(&mut self, now: Duration, piece: &[u8], drop_usage: bool) -> Forward {
        if piece.is_empty() {
            return Forward::Unchanged;
        }
        self.first_byte.get_or_insert(now);
        self.last_byte = now;
        self.bytes += piece.len() as u64;
        if self.coding.is_some() {
            self.push_coded(now, piece);
            return Forward::Unchanged;
        }
        self.read(now, piece, drop_usage)
    }

    /// Reads a decoded copy of a piece, which flows on as it is. Out of line: the way of a plain event is
    /// the shorter for it.
    #[inline(never)]
    fn push_coded(&mut self, now: Duration, piece: &[u8]) {
        let Some(mut coding) = self.coding.take() else { return };
        let read = guarded(|| {
            coding.decode(piece, |plain| {
                let _unchanged = self.read(now, plain, false);
            })
        });
        match read {
            Some(Ok(())) => self.coding = Some(coding),
            Some(Err(_)) => {
                self.body = Body::Unread;
                self.degrade(Degraded::Encoded);
            }
            None => self.fail(),
        }
    }

    /// Reads plain bytes.
    fn read(&mut self, now: Duration, piece: &[u8], drop_usage: bool) -> Forward {
        match &mut self.body {
            Body::Unread => Forward::Unchanged,
            Body::Unbegun(dialect) => {
                let dialect = *dialect;
                if !self.is_read_whole(dialect, piece) {
                    self.body = Body::Json(Box::new(Members::new(dialect.body_members())));
                    return self.read(now, piece, drop_usage);
                }
                Forward::Unchanged
            }
            Body::Whole(_) => {
                self.read_behind_whole(piece);
                Forward::Unchanged
            }
            Body::Json(members) | Body::Error(members) => {
                let read = guarded(|| {
                    self.trap.step_on(piece);
                    members.push(piece);
                });
                if read.is_none() {
                    self.fail();
                }
                Forward::Unchanged
            }
            Body::Socket(_) => {
                self.read_frames(piece);
                Forward::Unchanged
            }
            Body::Events(_) => self.push_events(now, piece, drop_usage),
        }
    }

    /// The upstream's answer is there whole. Returns bytes that were held back.
    pub(crate) fn end(&mut self, drop_usage: bool) -> Vec<u8> {
        self.ended = true;
        match std::mem::replace(&mut self.body, Body::Unread) {
            Body::Unread | Body::Socket(_) => Vec::new(),
            Body::Events(mut events) => self.end_events(&mut events, drop_usage),
            Body::Whole(reading) => {
                self.terminal = true;
                self.note(*reading);
                Vec::new()
            }
            Body::Unbegun(dialect) => self.end_json(&Members::new(dialect.body_members())),
            Body::Json(members) => self.end_json(&members),
            Body::Error(members) => {
                let is_context_length = guarded(|| error_body::is_context_length(&members));
                self.context_length = is_context_length.unwrap_or_default();
                Vec::new()
            }
        }
    }

    fn end_json(&mut self, members: &Members) -> Vec<u8> {
        if guarded(|| self.read_json(members)).is_none() {
            self.fail();
        }
        Vec::new()
    }

    /// Whether every choice that was seen has its finish reason.
    pub(crate) fn has_finished(&self) -> bool {
        let choices = self.choices.min(self.most_choices).min(64);
        self.finish.is_some() && u64::from(self.finishes.count_ones()) >= choices
    }

    /// Bytes that were held back, for a client whose upstream broke off.
    pub(crate) fn take_held(&mut self) -> Vec<u8> {
        match &mut self.body {
            Body::Events(events) => events.take_held(),
            _ => Vec::new(),
        }
    }

    /// The meter failed: nothing more is read.
    fn fail(&mut self) {
        self.body = Body::Unread;
        self.degrade(Degraded::Panic);
    }

    pub(crate) fn degrade(&mut self, reason: Degraded) {
        self.unread |= matches!(reason, Degraded::Encoded | Degraded::Panic);
        self.degraded.get_or_insert(reason);
    }
}
