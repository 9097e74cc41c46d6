//! Which API a request speaks, told from its method and path alone.

use std::fmt;

use memchr::{memchr2, memrchr};

/// An LLM API as clients see it; the value of the `endpoint` label.
///
/// Sources: the [OpenAI API reference](https://platform.openai.com/docs/api-reference), the
/// [Anthropic Messages API](https://docs.anthropic.com/en/api/messages), the
/// [Cohere API](https://docs.cohere.com/reference/rerank) and the routes of vLLM's
/// `vllm/entrypoints/openai/api_server.py` (0.4 to 0.33).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// `POST …/chat/completions`, and vLLM's `…/chat/completions/batch`
    ChatCompletions,
    /// `POST …/completions`
    Completions,
    /// `POST …/responses`
    Responses,
    /// `POST …/messages` (Anthropic)
    Messages,
    /// `POST …/embeddings`, and Cohere's `…/embed`
    Embeddings,
    /// `POST …/rerank` (Cohere, Jina, vLLM)
    Rerank,
    /// `POST …/score`, `…/generative_scoring` (vLLM)
    Score,
    /// `POST …/classify` (vLLM)
    Classify,
    /// `POST …/pooling` (vLLM)
    Pooling,
    /// `POST …/audio/transcriptions`
    Transcriptions,
    /// `POST …/audio/translations`
    Translations,
    /// `POST …/audio/speech`
    Speech,
    /// `GET …/realtime`, upgraded to a WebSocket
    Realtime,
    /// LLM work of an API that is not known: time and bytes, and usage and errors where they stand
    /// at the top.
    Other,
}

impl Endpoint {
    /// Every endpoint, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self::ChatCompletions,
        Self::Completions,
        Self::Responses,
        Self::Messages,
        Self::Embeddings,
        Self::Rerank,
        Self::Score,
        Self::Classify,
        Self::Pooling,
        Self::Transcriptions,
        Self::Translations,
        Self::Speech,
        Self::Realtime,
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
            Self::Rerank => "rerank",
            Self::Score => "score",
            Self::Classify => "classify",
            Self::Pooling => "pooling",
            Self::Transcriptions => "transcriptions",
            Self::Translations => "translations",
            Self::Speech => "speech",
            Self::Realtime => "realtime",
            Self::Other => "other",
        }
    }

    /// Whether answers hold generated content, so that a first token can be waited for.
    pub const fn generates(self) -> bool {
        matches!(
            self,
            Self::ChatCompletions
                | Self::Completions
                | Self::Responses
                | Self::Messages
                | Self::Transcriptions
                | Self::Translations
                | Self::Speech
        )
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
/// to stored responses and batches, `batches` to work that is done later, `mcp` to tools; the rest
/// are management calls of vLLM and SGLang.
const NOT_LLM_TAIL: &[&str] = &[
    "tokenize",
    "detokenize",
    "render",
    "derender",
    "count_tokens",
    "input_tokens",
    "cancel",
    "batches",
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
    "flush_cache",
    "pause_generation",
    "continue_generation",
    "update_weights_from_disk",
    "update_weights_from_tensor",
    "update_weights_from_distributed",
    "mcp",
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
    "mcp",
    // Its sessions are made by POST; what runs a model is the WebSocket.
    "realtime",
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
/// assert_eq!(classify("POST", "/v2/rerank"), Class::Llm(Endpoint::Rerank));
/// assert_eq!(classify("GET", "/v1/realtime?model=a"), Class::Llm(Endpoint::Realtime));
/// ```
pub fn classify(method: &str, path: &str) -> Class {
    let path = without_query(path);
    let (before, last) = last_segments(path);
    match (method, last) {
        ("GET", "models") => return Class::ModelList,
        // Every call that runs a model is a POST, but for realtime's WebSocket upgrade.
        ("GET", "realtime") => return Class::Llm(Endpoint::Realtime),
        ("POST", "") => return Class::Passthrough,
        ("POST", _) => {}
        _ => return Class::Passthrough,
    }
    let endpoint = match (before, last) {
        ("chat", "completions") | ("completions", "batch") => Endpoint::ChatCompletions,
        (_, "completions") => Endpoint::Completions,
        (_, "responses") | ("responses", "compact") => Endpoint::Responses,
        // OpenAI's Assistants API stores messages under /threads/ID/messages.
        (_, "messages") if !path.contains("/threads/") => Endpoint::Messages,
        (_, "embeddings" | "embed") => Endpoint::Embeddings,
        (_, "rerank") => Endpoint::Rerank,
        (_, "score" | "generative_scoring") => Endpoint::Score,
        (_, "classify") => Endpoint::Classify,
        (_, "pooling") => Endpoint::Pooling,
        ("audio", "transcriptions") => Endpoint::Transcriptions,
        ("audio", "translations") => Endpoint::Translations,
        ("audio", "speech") => Endpoint::Speech,
        _ if NOT_LLM_TAIL.contains(&last) || is_management(path) => return Class::Passthrough,
        _ => Endpoint::Other,
    };
    Class::Llm(endpoint)
}

/// The last segment of a path and the one before it; a slash at the end does not matter.
fn last_segments(path: &str) -> (&str, &str) {
    let (before, last) = last_segment(path);
    (last_segment(before).1, last)
}

/// What stands before the last segment, and that; empty segments are none.
fn last_segment(path: &str) -> (&str, &str) {
    let path = path.trim_end_matches('/');
    memrchr(b'/', path.as_bytes()).map_or(("", path), |slash| (&path[..slash], &path[slash + 1..]))
}

/// Whether the body tells what is asked for: SageMaker's `/invocations`.
pub(crate) fn is_by_shape(target: &str) -> bool {
    last_segments(without_query(target)).1 == "invocations"
}

/// Whether several conversations are asked for at once: vLLM's `…/chat/completions/batch`.
pub(crate) fn is_batch(target: &str) -> bool {
    let path = without_query(target).trim_end_matches('/');
    path.ends_with("/batch") && last_segments(path).0 == "completions"
}

/// The path of a target.
pub(crate) fn without_query(target: &str) -> &str {
    memchr2(b'?', b'#', target.as_bytes()).map_or(target, |end| &target[..end])
}

fn is_management(path: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut head = segments.next().unwrap_or_default();
    while let ("openai" | "v1" | "v2", Some(next)) = (head, segments.next()) {
        head = next;
    }
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
        for path in ["/rerank", "/v1/rerank", "/v2/rerank"] {
            assert_eq!(llm(path), Class::Llm(Endpoint::Rerank), "{path}");
        }
        assert_eq!(llm("/v2/embed"), Class::Llm(Endpoint::Embeddings));
        assert_eq!(llm("/v1/audio/speech"), Class::Llm(Endpoint::Speech));
        assert_eq!(llm("/v1/chat/completions/batch"), Class::Llm(Endpoint::ChatCompletions));
        assert_eq!(llm("/invocations"), Class::Llm(Endpoint::Other));
        assert!(is_by_shape("/invocations/?x") && !is_by_shape("/v1/invocations/x"));
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
            ("POST", "/v1/messages/batches"),
            ("POST", "/v1/realtime/client_secrets"),
            ("POST", "/v1/realtime/calls"),
            ("POST", "/openai/v1/realtime/client_secrets"),
            ("POST", "/openai/v1/files"),
            ("POST", "/mcp/"),
            ("POST", "/github/mcp"),
            ("POST", "/flush_cache"),
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
