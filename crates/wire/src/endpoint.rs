//! Which API a request speaks, told from its method and path alone.

use std::fmt;

/// An LLM API as clients see it; the value of the `endpoint` label.
///
/// Sources: the [OpenAI API reference](https://platform.openai.com/docs/api-reference), the
/// [Anthropic Messages API](https://docs.anthropic.com/en/api/messages) and the routes of vLLM's
/// `vllm/entrypoints/openai/api_server.py` (0.4 to 0.33).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// `POST …/chat/completions`
    ChatCompletions,
    /// `POST …/completions`
    Completions,
    /// `POST …/responses`
    Responses,
    /// `POST …/messages` (Anthropic)
    Messages,
    /// `POST …/embeddings`
    Embeddings,
    /// LLM work whose dialect is not read: measured for time and bytes only.
    Other,
}

impl Endpoint {
    /// Every endpoint, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::ChatCompletions,
        Self::Completions,
        Self::Responses,
        Self::Messages,
        Self::Embeddings,
        Self::Other,
    ];

    /// The value of the `endpoint` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat_completions",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Embeddings => "embeddings",
            Self::Other => "other",
        }
    }

    /// Whether answers hold generated tokens, so that a first token can be waited for.
    pub const fn generates(self) -> bool {
        matches!(self, Self::ChatCompletions | Self::Completions | Self::Responses | Self::Messages)
    }

    /// Whether answers of this endpoint carry token usage that the meter can read.
    pub const fn reports_usage(self) -> bool {
        !matches!(self, Self::Other)
    }

    /// Whether usage in a stream has to be asked for with `stream_options`.
    pub const fn has_stream_options(self) -> bool {
        matches!(self, Self::ChatCompletions | Self::Completions)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a request is to the meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// LLM work: metered.
    Llm(Endpoint),
    /// The list of models: passed through, and its answer teaches the proxy model names.
    ModelList,
    /// Anything else: health, metrics, tokenizers, management. Passed through and kept out of the
    /// LLM series.
    Passthrough,
}

/// Last path segments of `POST` requests that run no model.
///
/// `tokenize` to `wake_up` are vLLM's, `count_tokens` is Anthropic's and vLLM's, `cancel` belongs
/// to stored responses and batches, the rest are management calls of vLLM.
const NOT_LLM_TAIL: &[&str] = &[
    "tokenize",
    "detokenize",
    "render",
    "derender",
    "count_tokens",
    "input_tokens",
    "compact",
    "cancel",
    "sleep",
    "wake_up",
    "pause",
    "resume",
    "abort_requests",
    "reset_prefix_cache",
    "reset_mm_cache",
    "start_profile",
    "stop_profile",
    "load_lora_adapter",
    "unload_lora_adapter",
    "collective_rpc",
    "moderations",
];

/// First path segments, `v1` or `v2` left out, below which there are management calls only:
/// LiteLLM's, vLLM's, and OpenAI's stores.
const NOT_LLM_HEAD: &[&str] = &[
    "health",
    "metrics",
    "key",
    "user",
    "team",
    "organization",
    "budget",
    "customer",
    "model",
    "model_group",
    "spend",
    "global",
    "config",
    "cache",
    "sso",
    "login",
    "ui",
    "guardrails",
    "policies",
    "credentials",
    "public",
    "schedule",
    "get",
    "files",
    "uploads",
    "batches",
    "vector_stores",
    "assistants",
    "threads",
    "conversations",
    "containers",
    "fine_tuning",
    "evals",
];

/// Tells what a request is from its method and its path (a query is ignored).
///
/// The end of the path decides, so that prefixes (`/v1`, `/openai/deployments/NAME`) do not matter;
/// only management calls go by its beginning.
///
/// ```
/// use weir_wire::{Class, Endpoint, classify};
///
/// assert_eq!(classify("POST", "/v1/chat/completions"), Class::Llm(Endpoint::ChatCompletions));
/// assert_eq!(classify("POST", "/v1/completions?x=1"), Class::Llm(Endpoint::Completions));
/// assert_eq!(classify("POST", "/v1/chat/completions/render"), Class::Passthrough);
/// assert_eq!(classify("GET", "/v1/models"), Class::ModelList);
/// assert_eq!(classify("POST", "/rerank"), Class::Llm(Endpoint::Other));
/// ```
pub fn classify(method: &str, path: &str) -> Class {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut segments = path.rsplit('/').filter(|segment| !segment.is_empty());
    let last = segments.next().unwrap_or_default();
    let before = segments.next().unwrap_or_default();
    if method == "GET" && last == "models" {
        return Class::ModelList;
    }
    // Every call that runs a model is a POST, but for realtime's WebSocket upgrade.
    if method != "POST" || last.is_empty() || NOT_LLM_TAIL.contains(&last) {
        return Class::Passthrough;
    }
    let endpoint = match (before, last) {
        ("chat", "completions") => Endpoint::ChatCompletions,
        (_, "completions") => Endpoint::Completions,
        (_, "responses") => Endpoint::Responses,
        // OpenAI's Assistants API stores messages under /threads/ID/messages.
        (_, "messages") if !path.contains("/threads/") => Endpoint::Messages,
        (_, "embeddings") => Endpoint::Embeddings,
        _ if is_management(path) => return Class::Passthrough,
        _ => Endpoint::Other,
    };
    Class::Llm(endpoint)
}

fn is_management(path: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let head = segments.next().unwrap_or_default();
    let head = match (head, segments.next()) {
        ("v1" | "v2", Some(second)) => second,
        _ => head,
    };
    NOT_LLM_HEAD.contains(&head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_path_decides() {
        let llm = |path: &str| classify("POST", path);
        assert_eq!(
            llm("/openai/deployments/x/chat/completions"),
            Class::Llm(Endpoint::ChatCompletions)
        );
        assert_eq!(llm("/v1/chat/completions/"), Class::Llm(Endpoint::ChatCompletions));
        assert_eq!(llm("/v1/responses"), Class::Llm(Endpoint::Responses));
        assert_eq!(llm("/anthropic/v1/messages"), Class::Llm(Endpoint::Messages));
        assert_eq!(llm("/v2/rerank"), Class::Llm(Endpoint::Other));
        assert_eq!(llm("/v1/audio/speech"), Class::Llm(Endpoint::Other));
        assert_eq!(llm("/v1/chat/completions/batch"), Class::Llm(Endpoint::Other));
    }

    #[test]
    fn what_runs_no_model_passes() {
        for (method, path) in [
            ("GET", "/health"),
            ("GET", "/v1/responses/resp_1?stream=true"),
            ("GET", "/metrics"),
            ("POST", "/tokenize"),
            ("POST", "/v1/messages/count_tokens"),
            ("POST", "/v1/responses/resp_1/cancel"),
            ("POST", "/key/generate"),
            ("POST", "/v2/key/info"),
            ("POST", "/v1/files"),
            ("POST", "/v1/threads/t1/messages"),
            ("OPTIONS", "/v1/chat/completions"),
            ("POST", "/"),
            ("POST", ""),
        ] {
            assert_eq!(classify(method, path), Class::Passthrough, "{method} {path}");
        }
        assert_eq!(classify("GET", "/edge/v1/models"), Class::ModelList);
        assert_eq!(classify("GET", "/v1/models/tiny"), Class::Passthrough);
    }
}
