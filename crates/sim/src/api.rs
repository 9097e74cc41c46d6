//! The APIs that the imitated servers have: where they are, and since which version.

use serde_json::Value;

use crate::engine::{Engine, Name};

/// The APIs that generate, embed or judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Chat,
    /// Several chats in one request.
    Batch,
    Completions,
    Responses,
    Messages,
    Embeddings,
    /// Cohere's form of embeddings.
    Embed,
    Pooling,
    Classify,
    Score,
    Rerank,
    Transcriptions,
    Translations,
    Speech,
    Realtime,
}

impl Api {
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        Some(match path {
            "/v1/chat/completions" => Self::Chat,
            "/v1/chat/completions/batch" => Self::Batch,
            "/v1/completions" => Self::Completions,
            "/v1/responses" => Self::Responses,
            "/v1/messages" => Self::Messages,
            "/v1/embeddings" => Self::Embeddings,
            "/v2/embed" => Self::Embed,
            "/pooling" => Self::Pooling,
            "/classify" => Self::Classify,
            "/score" | "/v1/score" => Self::Score,
            "/rerank" | "/v1/rerank" | "/v2/rerank" => Self::Rerank,
            "/v1/audio/transcriptions" => Self::Transcriptions,
            "/v1/audio/translations" => Self::Translations,
            "/v1/audio/speech" => Self::Speech,
            "/v1/realtime" => Self::Realtime,
            _ => return None,
        })
    }

    /// What a body of SageMaker's `/invocations` asks for. vLLM tries its request types one after
    /// the other, as far as the model can do them; that a model classifies is told by its name here.
    pub(crate) fn of_shape(body: &Value) -> Option<Self> {
        let has = |member: &str| body.get(member).is_some();
        let classifies = || body["model"].as_str().is_some_and(|model| model.contains("classif"));
        Some(match () {
            () if has("messages") => Self::Chat,
            () if has("prompt") => Self::Completions,
            () if has("input") && classifies() => Self::Classify,
            () if has("input") => Self::Embeddings,
            () if has("query") && has("documents") => Self::Rerank,
            () if has("text_1") || has("queries") || has("data_1") => Self::Score,
            () if has("data") => Self::Pooling,
            () => return None,
        })
    }

    /// A WebSocket begins as a GET.
    pub(crate) fn method(self) -> &'static str {
        if self == Self::Realtime { "GET" } else { "POST" }
    }

    /// Whether requests are multipart forms.
    pub(crate) fn takes_form(self) -> bool {
        matches!(self, Self::Transcriptions | Self::Translations)
    }

    /// Whether answers are made token by token; the others are vectors or scores.
    pub(crate) fn generates(self) -> bool {
        match self {
            Self::Chat | Self::Batch | Self::Completions | Self::Responses | Self::Messages => true,
            Self::Transcriptions | Self::Translations | Self::Speech | Self::Realtime => true,
            Self::Embeddings | Self::Embed | Self::Pooling => false,
            Self::Classify | Self::Score | Self::Rerank => false,
        }
    }

    /// Whether this engine's version has a route for it. Speech is vLLM-Omni's, whose versions are
    /// not vLLM's: every vLLM has it here.
    pub(crate) fn is_served_by(self, engine: &Engine) -> bool {
        match engine.kind() {
            Name::Vllm => {
                self.first_vllm().is_none_or(|(minor, patch)| engine.vllm_since(0, minor, patch))
            }
            Name::LiteLlm => !matches!(
                self,
                Self::Batch | Self::Embed | Self::Pooling | Self::Classify | Self::Score
            ),
            Name::LlamaCpp => matches!(
                self,
                Self::Chat
                    | Self::Completions
                    | Self::Responses
                    | Self::Messages
                    | Self::Embeddings
                    | Self::Rerank
            ),
        }
    }

    /// The vLLM 0.x.y that came with it, as far as that matters.
    fn first_vllm(self) -> Option<(u32, u32)> {
        match self {
            Self::Chat | Self::Completions | Self::Speech => None,
            Self::Embeddings => Some((4, 3)),
            Self::Pooling | Self::Score => Some((6, 6)),
            Self::Rerank => Some((7, 0)),
            Self::Transcriptions => Some((7, 3)),
            Self::Classify => Some((9, 0)),
            Self::Translations => Some((9, 2)),
            Self::Responses => Some((10, 0)),
            Self::Messages => Some((11, 1)),
            Self::Realtime => Some((16, 0)),
            Self::Embed => Some((18, 0)),
            Self::Batch => Some((19, 0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shape_of_a_body_tells_the_api() {
        for (body, api) in [
            (json!({"messages": []}), Some(Api::Chat)),
            (json!({"prompt": "p"}), Some(Api::Completions)),
            (json!({"input": "p"}), Some(Api::Embeddings)),
            (json!({"input": "p", "model": "my-classifier"}), Some(Api::Classify)),
            (json!({"query": "q", "documents": []}), Some(Api::Rerank)),
            (json!({"queries": "q", "documents": []}), Some(Api::Score)),
            (json!({"text_1": "a", "text_2": "b"}), Some(Api::Score)),
            (json!({"model": "tiny"}), None),
        ] {
            assert_eq!(Api::of_shape(&body), api, "{body}");
        }
    }

    #[test]
    fn a_version_has_the_routes_of_its_time() {
        assert!(!Api::Rerank.is_served_by(&Engine::vllm("0.6.6")));
        assert!(Api::Score.is_served_by(&Engine::vllm("0.6.6")));
        assert!(!Api::Batch.is_served_by(&Engine::litellm("1.106.2")));
        assert!(Api::Rerank.is_served_by(&Engine::llama_cpp()));
    }
}
