//! What an error's body says, as far as the outcome depends on it. The text itself is never kept:
//! it can repeat the prompt.

use serde::de::MapAccess;

use crate::lenient::{Maybe, Object, Text, skip};
use crate::members::Members;
use crate::wanted::Wanted;

/// Nested (`{"error":{…}}`), flat (vLLM up to 0.10.0) and bare (`{"error":"Unauthorized"}`).
pub(crate) const WANTED: &[Wanted] = &[
    Wanted { name: "error", limit: 64 << 10 },
    Wanted { name: "message", limit: 64 << 10 },
    Wanted { name: "type", limit: 256 },
    Wanted { name: "code", limit: 256 },
];

#[derive(Default)]
struct Fault<'de> {
    message: Text<'de>,
    kind: Text<'de>,
    code: Text<'de>,
}

impl<'de> Object<'de> for Fault<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "message" => self.message = map.next_value()?,
            "type" => self.kind = map.next_value()?,
            "code" => self.code = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// Whether a 4xx says that the prompt does not fit the model's context.
pub(crate) fn is_context_length(members: &Members) -> bool {
    fault(members).is_some_and(|fault| {
        fault.code.as_str() == "context_length_exceeded"
            || fault.kind.as_str() == "exceed_context_size_error"
            || message_is_context_length(fault.message.as_str())
    })
}

fn fault(members: &Members) -> Option<Fault<'_>> {
    let text = |name| {
        let value = members.get(name).value();
        value.and_then(|raw| serde_json::from_slice(raw).ok()).unwrap_or_default()
    };
    match members.get("error").value() {
        // TGI's error is a text.
        Some(raw) => match serde_json::from_slice::<Maybe<Fault<'_>>>(raw).ok()? {
            Maybe::Other => {
                let message = serde_json::from_slice(raw).ok()?;
                Some(Fault { message, ..Fault::default() })
            }
            nested => nested.object(),
        },
        None => Some(Fault { message: text("message"), kind: text("type"), code: text("code") }),
    }
}

/// How servers word it: vLLM (all versions), LiteLLM, OpenAI, Anthropic, SGLang, TGI.
const CONTEXT_LENGTH: &[&str] = &[
    "maximum context length",
    "context length is only",
    "maximum model length",
    "max_model_len",
    "ContextWindowExceededError",
    "context window",
    "prompt is too long",
    "longer than the model's context length",
    "exceeds the context length",
    "`inputs` tokens + `max_new_tokens` must be",
    "`inputs` must have less than",
];

/// A message repeats the client's words, if at all, behind the server's own.
const OWN_WORDS: usize = 256;

fn message_is_context_length(message: &str) -> bool {
    let own = &message[..message.floor_char_boundary(OWN_WORDS)];
    // TGI's words for any 422 of its own.
    let own = own.strip_prefix("Input validation error: ").unwrap_or(own);
    // A validation error of pydantic is about the request's shape and repeats what was sent.
    let own = own.split("validation error").next().unwrap_or_default();
    let own = own.split("{'type'").next().unwrap_or_default();
    CONTEXT_LENGTH.iter().any(|words| own.contains(words))
}

/// Whether an answer refuses the `stream_options` that Weir added to a request: a 400 or 422 whose
/// body names it other than by repeating what was sent.
///
/// ```
/// use weir_wire::refuses_stream_options;
///
/// let body = br#"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],
///     "msg":"Extra inputs are not permitted"}]}"#;
/// assert!(refuses_stream_options(422, body));
/// let body = br#"{"message":"messages: field required, input: {'stream_options': {'include_usage': True}}"}"#;
/// assert!(!refuses_stream_options(400, body));
/// ```
pub fn refuses_stream_options(status: u16, body: &[u8]) -> bool {
    const NAME: &[u8] = b"stream_options";
    matches!(status, 400 | 422)
        && memchr::memmem::find_iter(body, NAME)
            .any(|at| !repeats_the_request(&body[at + NAME.len()..]))
}

/// Whether a name is followed by the value that was sent: `': {`, `\": {` or `=`.
fn repeats_the_request(after: &[u8]) -> bool {
    let skip = |bytes: &[u8], set: &[u8]| bytes.iter().take_while(|b| set.contains(b)).count();
    let after = &after[skip(after, b"\\'\"")..];
    match after.split_first() {
        Some((b'=', _)) => true,
        Some((b':', value)) => value[skip(value, b" ")..].starts_with(b"{"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context_length(body: &str) -> bool {
        let mut members = Members::new(WANTED);
        members.push(body.as_bytes());
        is_context_length(&members)
    }

    #[test]
    fn every_servers_wording() {
        for body in [
            // vLLM 0.32.0, recorded
            r#"{"error":{"message":"This model's maximum context length is 512 tokens. However, your prompt contains 17650 characters","type":"BadRequestError","param":"input_text","code":400}}"#,
            // vLLM up to 0.10.0
            r#"{"object":"error","message":"This model's maximum context length is 512 tokens. However, you requested 600","type":"BadRequestError","param":null,"code":400}"#,
            r#"{"error":{"message":"x","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
            r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
            r#"{"error":{"message":"litellm.ContextWindowExceededError: litellm.BadRequestError: x","type":null,"code":"400"}}"#,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 200001 tokens > 200000 maximum"}}"#,
        ] {
            assert!(context_length(body), "{body}");
        }
    }

    #[test]
    fn a_prompt_that_is_repeated_decides_nothing() {
        for body in [
            r#"{"error":{"message":"1 validation error:\n {'type': 'missing', 'input': 'maximum context length'}","code":400}}"#,
            r#"{"error":{"message":"[{'type': 'missing', 'input': 'maximum context length'}]","code":400}}"#,
            r#"{"error":"Unauthorized"}"#,
            r#"{"detail":"maximum context length"}"#,
            "nonsense",
        ] {
            assert!(!context_length(body), "{body}");
        }
    }

    #[test]
    fn a_refusal_names_the_option_and_does_not_repeat_it() {
        for body in [
            r#"{"message":"[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs are not permitted', 'input': {'include_usage': True}}]"}"#,
            "stream_options: Extra inputs are not permitted",
            "Unrecognized request argument supplied: stream_options",
        ] {
            assert!(refuses_stream_options(400, body.as_bytes()), "{body}");
            assert!(!refuses_stream_options(404, body.as_bytes()), "{body}");
        }
        for body in [
            r#"{"error":{"message":"input: {\"stream\":true,\"stream_options\":{\"include_usage\":true}}"}}"#,
            "ChatCompletionRequest(stream_options=StreamOptions(include_usage=True))",
            "bad request",
        ] {
            assert!(!refuses_stream_options(400, body.as_bytes()), "{body}");
        }
    }
}
