//! The APIs that are metered, and a plain request to each.

use serde_json::{Value, json};

use super::Request;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Chat,
    Completions,
    Responses,
    Messages,
    Embeddings,
}

impl Api {
    pub(crate) const ALL: [Self; 5] =
        [Self::Chat, Self::Completions, Self::Responses, Self::Messages, Self::Embeddings];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
            Self::Responses => "/v1/responses",
            Self::Messages => "/v1/messages",
            Self::Embeddings => "/v1/embeddings",
        }
    }

    /// The value of the `endpoint` label.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Chat => "chat_completions",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Embeddings => "embeddings",
        }
    }

    /// Whether Weir may ask for usage here.
    pub(crate) fn has_stream_options(self) -> bool {
        matches!(self, Self::Chat | Self::Completions)
    }

    /// A request's members; change them as you like.
    pub(crate) fn body(self, model: &str, stream: bool) -> Value {
        let turns = json!([{"role": "user", "content": "How do weirs work?"}]);
        let mut body = match self {
            Self::Chat => json!({"model": model, "messages": turns}),
            Self::Completions => json!({"model": model, "prompt": "A weir"}),
            Self::Responses => json!({"model": model, "input": "How do weirs work?"}),
            Self::Messages => json!({"model": model, "messages": turns, "max_tokens": 1000}),
            Self::Embeddings => json!({"model": model, "input": ["one", "two"]}),
        };
        if stream {
            body["stream"] = true.into();
        }
        body
    }

    /// A plain request for the model `tiny`.
    pub(crate) fn request(self, stream: bool) -> Request {
        self.post(&self.body("tiny", stream))
    }

    /// A request with this body.
    pub(crate) fn post(self, body: &Value) -> Request {
        Request::post(self.path(), body.to_string())
    }
}
