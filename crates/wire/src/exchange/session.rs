//! The client's side of a realtime session, once its request was upgraded to a WebSocket.

use std::borrow::Cow;

use crate::Degraded;
use crate::dialect::realtime;
use crate::guard::guarded;
use crate::request::cut_name;
use crate::trap::Trap;
use crate::websocket::{Frames, Message};

/// Longest message that is read: `session.update` can have instructions and tools.
const LONGEST: usize = 256 << 10;

/// Reads what the client says.
#[derive(Debug)]
pub(super) struct ClientSession {
    /// Gone when nothing more can be read.
    frames: Option<Frames>,
    pub(super) bytes: u64,
    /// The client has said something.
    pub(super) spoke: bool,
    /// The client has said goodbye.
    pub(super) closed: bool,
    /// The model that it asks for to answer.
    pub(super) answering: Option<String>,
    /// The model that it asks for to write down what it hears.
    pub(super) listening: Option<String>,
    pub(super) degraded: Option<Degraded>,
    trap: Trap,
}

impl ClientSession {
    pub(super) fn new() -> Self {
        Self {
            frames: Some(Frames::new(LONGEST)),
            bytes: 0,
            spoke: false,
            closed: false,
            answering: None,
            listening: None,
            degraded: None,
            trap: Trap::planted(),
        }
    }

    /// Reads on; for the model only if it is not known yet.
    pub(super) fn push(&mut self, piece: &[u8], model_bytes: usize, is_named: bool) {
        self.bytes += piece.len() as u64;
        let Some(mut frames) = self.frames.take() else { return };
        let trap = self.trap;
        let read = guarded(|| {
            frames.push(piece, |message| match message {
                Message::Text(text) => {
                    trap.step_on(text);
                    self.spoke = true;
                    if !is_named && self.answering.is_none() {
                        self.read_models(text, model_bytes);
                    }
                }
                Message::Close { .. } => self.closed = true,
                Message::Unreadable => self.degraded = Some(Degraded::Encoded),
                Message::Binary { .. } | Message::TooLarge => self.spoke = true,
                // Libraries send them by themselves.
                Message::Ping | Message::Pong => {}
            });
        });
        match read {
            None => self.degraded = Some(Degraded::Panic),
            Some(()) if self.degraded.is_none() => self.frames = Some(frames),
            Some(()) => {}
        }
    }

    fn read_models(&mut self, text: &[u8], model_bytes: usize) {
        let asked = realtime::models_asked_for(text);
        let own = |name: Cow<'_, str>| cut_name(name.into_owned(), model_bytes);
        self.answering = asked.answering.map(own);
        if self.listening.is_none() {
            self.listening = asked.listening.map(own);
        }
    }
}
