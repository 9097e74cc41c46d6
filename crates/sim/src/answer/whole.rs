//! Answers that come in one piece.

use super::{Script, chat, completions, messages, responses, scores, transcript, vectors};
use crate::api::Api;
use crate::reply::JSON;
use crate::usage::Usage;

/// A body, and what its head says of it.
pub(crate) struct Whole {
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Whether the engine streams it, so that it has no length.
    pub(crate) chunked: bool,
    /// What it tells of tokens and of seconds of audio.
    pub(crate) usage: Option<Usage>,
    pub(crate) audio_seconds: Option<u64>,
}

impl Whole {
    pub(crate) fn json(body: String, usage: Option<Usage>) -> Self {
        Self {
            content_type: JSON,
            body: body.into_bytes(),
            headers: Vec::new(),
            chunked: false,
            usage,
            audio_seconds: None,
        }
    }
}

/// The answer that is not streamed.
pub(crate) fn whole(script: &Script) -> Whole {
    let json = |body| Whole::json(body, Some(script.usage()));
    match script.api {
        Api::Chat | Api::Batch => json(chat::whole(script)),
        Api::Completions => json(completions::whole(script)),
        Api::Responses => json(responses::whole(script)),
        Api::Messages => json(messages::whole(script)),
        Api::Embeddings | Api::Embed | Api::Pooling => vectors::whole(script),
        Api::Rerank => json(scores::rerank(script)),
        Api::Score => json(scores::score(script)),
        Api::Classify => json(scores::classify(script)),
        Api::Transcriptions | Api::Translations => transcript::whole(script),
        // These two are never answered in one piece.
        Api::Speech | Api::Realtime => json(String::new()),
    }
}
