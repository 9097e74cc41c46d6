//! What the bodies, events and messages of an answer say, taken down.

use std::time::Duration;

use super::{Body, ResponseSide};
use crate::dialect::{Call, Content, Dialect, Reading};
use crate::guard::guarded;
use crate::lenient::Maybe;
use crate::members::Members;
use crate::request::cut_name;
use crate::sse::Frame;
use crate::{Degraded, lossy, report};

/// What the reader of a stream has to know of an event.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// It is the usage event that the client did not ask for.
    pub(super) only_usage: bool,
    /// It says no more than that there is content: see [`Reading::repeats`].
    pub(super) repeats: Option<Content>,
}

impl ResponseSide {
    /// Reads the first piece of a JSON body if that is all of it, as of most: at once, instead of looking for its
    /// members first.
    pub(super) fn is_read_whole(&mut self, dialect: Dialect, piece: &[u8]) -> bool {
        let read = guarded(|| {
            self.trap.step_on(piece);
            dialect.read_whole_body(piece)
        });
        if let Some(Some(reading)) = read {
            self.body = Body::Whole(reading);
            return true;
        }
        false
    }

    /// Nothing but white space may follow a body that was whole.
    pub(super) fn read_behind_whole(&mut self, piece: &[u8]) {
        if !piece.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            // At its end, and only if it comes to one, it will be found to be no good JSON.
            let mut members = Members::new(&[]);
            members.push(b"}");
            self.body = Body::Json(Box::new(members));
        }
    }

    pub(super) fn read_json(&mut self, members: &Members) {
        let Some(dialect) = self.dialect else { return };
        // SGLang's rerank is an array; what an unknown API answers may be anything.
        let says_nothing = members.is_array() && dialect.has_opaque_bodies();
        if says_nothing || (members.is_invalid() && dialect == Dialect::Generic) {
            self.opaque = true;
            return;
        }
        if members.is_invalid() {
            self.degrade(Degraded::InvalidJson);
            return;
        }
        self.cut = !members.is_complete();
        let reading = dialect.read_body(members);
        if members.has_too_large() {
            self.degrade(Degraded::BodyTooLarge);
        }
        self.terminal = !self.cut;
        self.note(reading);
    }

    /// Reads one frame.
    pub(super) fn read_frame(
        &mut self,
        now: Duration,
        frame: &Frame<'_>,
    ) -> Result<Told, Degraded> {
        let (name, data) = match *frame {
            Frame::Event { name, data } => (name, data),
            Frame::TooLarge => return Err(Degraded::EventTooLarge),
            Frame::Nothing | Frame::LineFeed => return Ok(Told::default()),
        };
        self.trap.step_on(data);
        let Some(dialect) = self.dialect else { return Ok(Told::default()) };
        if let Ok(reading) = dialect.read_event(name, data) {
            // What says nothing at all is not worth knowing, but where nothing ever says more.
            let is_usual = reading.has_content() || dialect == Dialect::Generic;
            let repeats = reading.repeats().filter(|_| is_usual);
            return Ok(Told { only_usage: self.event(now, reading), repeats });
        }
        let mended = lossy::mended(data).ok_or(Degraded::InvalidJson)?;
        match dialect.read_event(name, &mended) {
            Ok(reading) => Ok(Told { only_usage: self.event(now, reading), repeats: None }),
            Err(_) => Err(Degraded::InvalidJson),
        }
    }

    /// Takes down what an event says; returns whether it is the usage event that the client did not
    /// ask for.
    fn event(&mut self, now: Duration, reading: Reading<'_>) -> bool {
        self.timing.content(now, reading.content());
        let usage_only = matches!(reading.usage, Maybe::Object(_))
            && !reading.error
            && !reading.has_content()
            && reading.finish.is_none()
            && (reading.bare || self.has_finished());
        // Usage that was passed on shows that the server sends it unasked: the client knows it.
        // llama.cpp has one such event for each choice.
        let drop = usage_only && !self.usage_passed && self.usage_taken < self.choices.max(1);
        if drop {
            self.usage_taken += 1;
        } else {
            self.usage_passed |= matches!(reading.usage, Maybe::Object(_));
        }
        self.note(reading);
        drop
    }

    pub(super) fn note(&mut self, reading: Reading<'_>) {
        match reading.usage {
            Maybe::Object(usage) => {
                self.usage_unread |= !usage.says_something();
                if !usage.is_blank() {
                    self.usage.update(&usage);
                    if reading.bare {
                        self.shares.alone(&usage);
                    } else if reading.choices > 0 {
                        self.shares.on_event(reading.choices - 1, &usage);
                    }
                }
            }
            Maybe::Other => self.usage_unread = true,
            Maybe::Absent => {}
        }
        self.finishes |= reading.finishes;
        if let Some(finish) = reading.finish {
            let end = finish.floor_char_boundary(32);
            self.finish = Some(finish[..end].to_owned());
        }
        if self.model.is_none() {
            self.model = reading
                .model
                .filter(|name| !name.is_empty())
                .map(|name| cut_name(name.into_owned(), self.limits.model_bytes));
        }
        if self.id.is_none() {
            self.id = reading.id.filter(|id| !id.is_empty()).as_deref().map(report::cut);
        }
        self.terminal |= reading.terminal;
        self.error |= reading.error;
        for call in reading.calls {
            self.call(call);
        }
        self.choices = self.choices.max(reading.choices);
        self.audio = reading.audio.or(self.audio);
        if let Some(times) = reading.engine {
            self.engine.update(&times);
        }
        if self.engine.fingerprint.is_none() {
            self.engine.fingerprint = reading.fingerprint.as_deref().map(report::cut);
        }
    }

    /// Length of the audio that was heard.
    pub(crate) fn audio(&self) -> Option<Duration> {
        self.usage.audio.or(self.audio)
    }

    /// Counts a tool call, unless it has been named before.
    fn call(&mut self, call: Call) {
        const MOST: usize = 256;
        let may_repeat = call.index.is_some() && self.calls.len() < MOST;
        if may_repeat {
            if self.calls.contains(&call) {
                return;
            }
            self.calls.push(call);
        }
        self.tool_calls = self.tool_calls.saturating_add(1);
    }
}
