//! What a realtime server says over the WebSocket that its answer was upgraded to.

use super::{Body, ResponseSide};
use crate::Degraded;
use crate::dialect::realtime;
use crate::guard::guarded;
use crate::lenient::Maybe;
use crate::request::cut_name;
use crate::websocket::Message;

impl ResponseSide {
    /// Reads frames of the server.
    pub(super) fn read_frames(&mut self, piece: &[u8]) {
        // Taken out while its messages are read, so that a meter that fails leaves nothing half done.
        let Body::Socket(mut frames) = std::mem::replace(&mut self.body, Body::Unread) else {
            return;
        };
        if guarded(|| frames.push(piece, |message| self.message(&message))).is_none() {
            self.fail();
            return;
        }
        if !self.unread {
            self.body = Body::Socket(frames);
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        match message {
            Message::Text(text) => self.said(text),
            Message::Close { code } => {
                self.terminal = true;
                // 1005: no code was sent. Others say what went wrong (RFC 6455, 7.4).
                self.error |= !matches!(code.unwrap_or(1005), 1000 | 1001 | 1005);
            }
            Message::TooLarge => self.degrade(Degraded::EventTooLarge),
            // Compressed messages (RFC 7692), or no WebSocket at all.
            Message::Unreadable => self.degrade(Degraded::Encoded),
            Message::Binary { .. } | Message::Ping | Message::Pong => {}
        }
    }

    fn said(&mut self, text: &[u8]) {
        self.trap.step_on(text);
        let Ok(said) = realtime::message(text) else {
            self.degrade(Degraded::InvalidJson);
            return;
        };
        // A session that only listens names no model that answers.
        let done = said.done || (said.heard && self.model.is_none());
        if let (Maybe::Object(usage), true) = (said.usage, done)
            && !usage.is_blank()
        {
            self.usage.add(&usage);
        }
        // The session goes on after an error: an answer that came to its end makes up for it, and
        // that a client asked for what can't be done takes nothing from the answers that it got.
        self.answered |= done;
        let is_fault = said.error && !(said.is_clients_fault && self.answered);
        self.error = is_fault || (self.error && !done);
        if self.model.is_none() {
            self.model = said
                .model
                .filter(|name| !name.is_empty())
                .map(|name| cut_name(name.into_owned(), self.limits.model_bytes));
        }
    }
}
