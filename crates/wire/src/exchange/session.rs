//! The client's side of a realtime session, once its request was upgraded to a WebSocket.

use crate::dialect::realtime;
use crate::guard::guarded;
use crate::request::cut_name;
use crate::websocket::{Frames, Message};

/// What names the model is short; sound and text are passed over.
const LONGEST: usize = 64 << 10;

/// Reads what the client says.
#[derive(Debug)]
pub(super) struct ClientSession {
    /// Gone when nothing more can be read.
    frames: Option<Frames>,
    pub(super) bytes: u64,
    /// The client has said goodbye.
    pub(super) closed: bool,
    /// The model that it asks for.
    pub(super) model: Option<String>,
}

impl ClientSession {
    pub(super) fn new() -> Self {
        Self { frames: Some(Frames::new(LONGEST)), bytes: 0, closed: false, model: None }
    }

    pub(super) fn push(&mut self, piece: &[u8], model_bytes: usize) {
        self.bytes += piece.len() as u64;
        let Some(mut frames) = self.frames.take() else { return };
        let mut readable = true;
        let read = guarded(|| {
            frames.push(piece, |message| match message {
                Message::Text(text) if self.model.is_none() => {
                    let name = realtime::model_asked_for(text).filter(|name| !name.is_empty());
                    self.model = name.map(|name| cut_name(name.into_owned(), model_bytes));
                }
                Message::Close { .. } => self.closed = true,
                Message::Unreadable => readable = false,
                _ => {}
            });
        });
        self.frames = Some(frames).filter(|_| readable && read.is_some());
    }
}
