//! The APIs that are metered, and a plain request to each.

use serde_json::{Value, json};
use weir_sim::Engine;

use super::{Form, Request};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Chat,
    /// Two chats in one request.
    Batch,
    Completions,
    Responses,
    Messages,
    Embeddings,
    /// Cohere's embeddings.
    Embed,
    Rerank,
    Score,
    Classify,
    Pooling,
    Transcriptions,
    Translations,
    /// Sound; streamed, events that hold it.
    Speech,
    /// A chat in SageMaker's wrapping.
    Invocations,
}

impl Api {
    pub(crate) const ALL: [Self; 15] = [
        Self::Chat,
        Self::Batch,
        Self::Completions,
        Self::Responses,
        Self::Messages,
        Self::Embeddings,
        Self::Embed,
        Self::Rerank,
        Self::Score,
        Self::Classify,
        Self::Pooling,
        Self::Transcriptions,
        Self::Translations,
        Self::Speech,
        Self::Invocations,
    ];

    /// Those that a server of today has.
    pub(crate) fn of(server: &Engine) -> Vec<Self> {
        let has = |api: &Self| match server.name() {
            "litellm" => !matches!(
                api,
                Self::Batch
                    | Self::Embed
                    | Self::Score
                    | Self::Classify
                    | Self::Pooling
                    | Self::Invocations
            ),
            "llama.cpp" => matches!(
                api,
                Self::Chat
                    | Self::Completions
                    | Self::Responses
                    | Self::Messages
                    | Self::Embeddings
                    | Self::Rerank
            ),
            _ => true,
        };
        Self::ALL.into_iter().filter(has).collect()
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Batch => "/v1/chat/completions/batch",
            Self::Completions => "/v1/completions",
            Self::Responses => "/v1/responses",
            Self::Messages => "/v1/messages",
            Self::Embeddings => "/v1/embeddings",
            Self::Embed => "/v2/embed",
            Self::Rerank => "/v2/rerank",
            Self::Score => "/score",
            Self::Classify => "/classify",
            Self::Pooling => "/pooling",
            Self::Transcriptions => "/v1/audio/transcriptions",
            Self::Translations => "/v1/audio/translations",
            Self::Speech => "/v1/audio/speech",
            Self::Invocations => "/invocations",
        }
    }

    /// The value of the `endpoint` label.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Chat | Self::Batch | Self::Invocations => "chat_completions",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Embeddings | Self::Embed => "embeddings",
            Self::Rerank => "rerank",
            Self::Score => "score",
            Self::Classify => "classify",
            Self::Pooling => "pooling",
            Self::Transcriptions => "transcriptions",
            Self::Translations => "translations",
            Self::Speech => "speech",
        }
    }

    /// Whether Weir may ask for usage here.
    pub(crate) fn has_stream_options(self) -> bool {
        matches!(self, Self::Chat | Self::Completions | Self::Invocations)
    }

    /// Whether tokens are generated.
    pub(crate) fn generates(self) -> bool {
        let judges = matches!(self, Self::Rerank | Self::Score | Self::Classify | Self::Pooling);
        !judges && !matches!(self, Self::Embeddings | Self::Embed)
    }

    /// Whether an answer can be a stream of events.
    pub(crate) fn streams(self) -> bool {
        self.generates() && self != Self::Batch
    }

    /// Whether requests are multipart forms.
    pub(crate) fn takes_form(self) -> bool {
        matches!(self, Self::Transcriptions | Self::Translations)
    }

    /// A request's members; change them as you like.
    pub(crate) fn body(self, model: &str, stream: bool) -> Value {
        let turns = json!([{"role": "user", "content": "How do weirs work?"}]);
        let mut body = match self {
            Self::Chat | Self::Invocations => json!({"messages": turns}),
            Self::Batch => json!({"messages": [turns, turns]}),
            Self::Completions => json!({"prompt": "A weir"}),
            Self::Responses => json!({"input": "How do weirs work?"}),
            Self::Messages => json!({"messages": turns, "max_tokens": 1000}),
            Self::Embeddings | Self::Classify | Self::Pooling => json!({"input": ["one", "two"]}),
            Self::Embed => json!({"texts": ["one", "two"], "embedding_types": ["float"]}),
            Self::Rerank => json!({"query": "What is a weir?", "documents": ["one", "two"]}),
            Self::Score => json!({"text_1": "What is a weir?", "text_2": ["one", "two"]}),
            Self::Transcriptions | Self::Translations => json!({"prompt": "About weirs."}),
            Self::Speech => json!({"input": "How do weirs work?", "voice": "alloy"}),
        };
        body["model"] = model.into();
        match self {
            _ if !stream => {}
            Self::Speech => body["stream_format"] = "sse".into(),
            _ => body["stream"] = true.into(),
        }
        if stream && self.takes_form() {
            body["stream_include_usage"] = true.into();
        }
        body
    }

    /// Whether a request with this body is answered with events.
    pub(crate) fn is_stream(self, body: &Value) -> bool {
        self.streams() && (body["stream"] == true || body["stream_format"] == "sse")
    }

    /// A plain request for the model `tiny`.
    pub(crate) fn request(self, stream: bool) -> Request {
        self.post(&self.body("tiny", stream))
    }

    /// A request with this body.
    pub(crate) fn post(self, body: &Value) -> Request {
        match self.takes_form() {
            true => Form::with(body).file("weir.wav", &[b'w'; 1000]).post(self.path()),
            false => Request::post(self.path(), body.to_string()),
        }
    }
}
