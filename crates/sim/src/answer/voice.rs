//! The dialect that an answer is spoken in.

use super::{Piece, Script, chat, completions, messages, responses, speech, transcript};
use crate::api::Api;
use crate::frame::Frame;

/// Turns a script into events. [`early`](Self::early), [`open`](Self::open), every piece with
/// [`piece`](Self::piece), [`close`](Self::close): in this order, once each.
pub(crate) enum Voice {
    Chat,
    Completions,
    Responses(responses::Stream),
    Messages(messages::Stream),
    Transcript,
    Speech,
}

impl Voice {
    /// `None` for an answer that comes in one piece.
    pub(crate) fn of(script: &Script) -> Option<Self> {
        Some(match script.api {
            Api::Speech => Self::Speech,
            _ if !script.ask.stream => return None,
            Api::Chat => Self::Chat,
            Api::Completions => Self::Completions,
            Api::Responses => Self::Responses(responses::Stream::default()),
            Api::Messages => Self::Messages(messages::Stream::default()),
            Api::Transcriptions | Api::Translations => Self::Transcript,
            _ => return None,
        })
    }

    /// What is sent at once, before anything is generated.
    pub(crate) fn early(&mut self, script: &Script) -> Vec<Frame> {
        match self {
            Self::Responses(stream) => stream.early(script),
            _ => Vec::new(),
        }
    }

    /// What comes with the first token and before it.
    pub(crate) fn open(&self, script: &Script) -> Vec<Frame> {
        match self {
            Self::Chat => chat::open(script),
            Self::Messages(_) => messages::open(script),
            _ => Vec::new(),
        }
    }

    /// One piece: at most one of its frames has content, none if the piece has no text.
    pub(crate) fn piece(&mut self, script: &Script, piece: &Piece) -> Vec<Frame> {
        match self {
            Self::Chat => chat::piece(script, piece).into_iter().collect(),
            Self::Completions => vec![completions::piece(script, piece)],
            Self::Responses(stream) => stream.piece(script, piece),
            Self::Messages(stream) => stream.piece(script, piece),
            Self::Transcript => transcript::piece(script, piece).into_iter().collect(),
            Self::Speech => speech::piece(script, piece).into_iter().collect(),
        }
    }

    /// Finish, usage and terminal events.
    pub(crate) fn close(&mut self, script: &Script) -> Vec<Frame> {
        match self {
            Self::Chat => chat::close(script),
            Self::Completions => completions::close(script),
            Self::Responses(stream) => stream.close(script),
            Self::Messages(stream) => stream.close(script),
            Self::Transcript => transcript::close(script),
            Self::Speech => speech::close(script),
        }
    }
}
