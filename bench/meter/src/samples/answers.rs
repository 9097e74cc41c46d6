//! Bodies of whole answers to chat requests.

/// What stands before the text.
const BEFORE: &str = r#"{"id":"chatcmpl-bf3f57483c8965d5","object":"chat.completion","created":1795294757,"model":"tiny","choices":[{"index":0,"message":{"role":"assistant","content":""#;

/// And after it.
const AFTER: &str = r#"","refusal":null,"annotations":null,"audio":null,"function_call":null,"reasoning":null},"logprobs":null,"finish_reason":"stop","stop_reason":null,"token_ids":null,"routed_experts":null}],"service_tier":null,"system_fingerprint":"vllm-0.32.0-f2f3be36","usage":{"prompt_tokens":18,"total_tokens":82,"completion_tokens":64,"prompt_tokens_details":null,"completion_tokens_details":null},"prompt_logprobs":null,"prompt_token_ids":null,"prompt_text":null,"kv_transfer_params":null,"ec_transfer_params":null,"metrics":null}"#;

/// Headers that vLLM sends with it.
pub(crate) const HEADERS: [(&str, &str); 4] = [
    ("date", "Sat, 21 Nov 2026 20:59:16 GMT"),
    ("server", "uvicorn"),
    ("content-length", "1024"),
    ("content-type", "application/json"),
];

/// An answer of exactly so many bytes, of 800 or more.
pub(crate) fn whole(size: usize) -> Vec<u8> {
    let text = "Say \\\"when\\\", and the quick brown fox jumps over it.\\n";
    let room = size.saturating_sub(BEFORE.len() + AFTER.len());
    let mut content = text.repeat(room / text.len());
    content.push_str(&"x".repeat(room % text.len()));
    [BEFORE, &content, AFTER].concat().into_bytes()
}
