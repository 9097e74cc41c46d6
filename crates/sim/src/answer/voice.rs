//! The dialect that an answer is spoken in.

use super::{Piece, Script, chat, completions, embeddings, messages, responses};
use crate::ask::Api;
use crate::frame::Frame;

/// Turns a script into events. [`early`](Self::early), [`open`](Self::open), every piece with
/// [`piece`](Self::piece), [`close`](Self::close): in this order, once each.
pub(crate) enum Voice {
    Chat,
    Completions,
    Responses(responses::Stream),
    Messages(messages::Stream),
}

impl Voice {
    /// `None` for embeddings, which do not stream.
    pub(crate) fn of(api: Api) -> Option<Self> {
        match api {
            Api::Chat => Some(Self::Chat),
            Api::Completions => Some(Self::Completions),
            Api::Responses => Some(Self::Responses(responses::Stream::default())),
            Api::Messages => Some(Self::Messages(messages::Stream::default())),
            Api::Embeddings => None,
        }
    }

    /// What is sent at once, before anything is generated.
    pub(crate) fn early(&mut self, script: &Script) -> Vec<Frame> {
        match self {
            Self::Responses(stream) => stream.early(script),
            Self::Chat | Self::Completions | Self::Messages(_) => Vec::new(),
        }
    }

    /// What comes with the first token and before it.
    pub(crate) fn open(&self, script: &Script) -> Vec<Frame> {
        match self {
            Self::Chat => chat::open(script),
            Self::Messages(_) => messages::open(script),
            Self::Completions | Self::Responses(_) => Vec::new(),
        }
    }

    /// One piece: at most one of its frames has content, none if the piece has no text.
    pub(crate) fn piece(&mut self, script: &Script, piece: &Piece) -> Vec<Frame> {
        match self {
            Self::Chat => chat::piece(script, piece).into_iter().collect(),
            Self::Completions => vec![completions::piece(script, piece)],
            Self::Responses(stream) => stream.piece(script, piece),
            Self::Messages(stream) => stream.piece(script, piece),
        }
    }

    /// Finish, usage and terminal events.
    pub(crate) fn close(&mut self, script: &Script) -> Vec<Frame> {
        match self {
            Self::Chat => chat::close(script),
            Self::Completions => completions::close(script),
            Self::Responses(stream) => stream.close(script),
            Self::Messages(stream) => stream.close(script),
        }
    }
}

/// The answer that is not streamed.
pub(crate) fn whole(script: &Script) -> String {
    match script.api {
        Api::Chat => chat::whole(script),
        Api::Completions => completions::whole(script),
        Api::Responses => responses::whole(script),
        Api::Messages => messages::whole(script),
        Api::Embeddings => embeddings::whole(script),
    }
}
