//! Anthropic messages.
//!
//! Sources: [Anthropic's streaming reference](https://docs.anthropic.com/en/docs/build-with-claude/streaming);
//! recordings of vLLM 0.32.0 and LiteLLM 1.106.2.

use serde::de::MapAccess;

use super::{
    Call, ERROR, Envelope, ID, MODEL, Malformed, OBJECT, Reading, Typed, USAGE, member, text,
};
use crate::lenient::{List, Maybe, Object, Text, skip};
use crate::members::Members;
use crate::usage::Usage;
use crate::wanted::Wanted;

pub(super) const BODY: &[Wanted] = &[
    MODEL,
    ID,
    USAGE,
    ERROR,
    OBJECT,
    Wanted { name: "stop_reason", limit: 256 },
    Wanted { name: "content", limit: 1 << 20 },
];

pub(super) const OPEN: &[&str] = &["text", "thinking", "partial_json", "content"];

pub(super) fn event<'a>(name: &[u8], data: &'a [u8]) -> Result<Reading<'a>, Malformed> {
    let event = super::json::<Maybe<Event<'_>>>(data)?;
    let event = event.object().ok_or(Malformed)?;
    let kind = if event.kind.is_filled() { event.kind.as_str().as_bytes() } else { name };
    let mut reading = Reading::default();
    match kind {
        // llama.cpp names the error's kind where the event's should stand.
        _ if name == b"error" => reading.error = true,
        b"message_start" => {
            let message = event.message;
            reading.model = message.model.0;
            reading.id = message.id.0;
            // `output_tokens` is only a beginning here; the count comes in `message_delta`.
            reading.usage = match message.usage {
                Maybe::Object(usage) => Maybe::Object(usage.without_output()),
                other => other,
            };
        }
        b"content_block_start" if is_tool(&event.block) => {
            reading.answer = true;
            reading.calls.push(Call::NEW);
        }
        b"content_block_delta" => {
            let delta = event.delta;
            // A compaction sums up what was said before: generated, but no answer.
            let aside = matches!(delta.kind.as_str(), "thinking_delta" | "compaction_delta");
            reading.reasoning = delta.filled && aside;
            reading.answer = delta.filled && !aside && delta.kind.as_str() != "signature_delta";
        }
        b"message_delta" => {
            reading.finish = event.delta.stop_reason.0.filter(|reason| !reason.is_empty());
            reading.usage = event.usage;
        }
        b"message_stop" => reading.terminal = true,
        b"error" => reading.error = true,
        _ => reading.error = event.error,
    }
    Ok(reading)
}

pub(super) fn body(members: &Members) -> Reading<'_> {
    let blocks: List<Typed<'_>> = member(members, "content").unwrap_or_default();
    let calls = blocks.0.iter().filter(|block| is_tool(block)).map(|_| Call::NEW).collect();
    Reading {
        finish: text(members, "stop_reason").filter(|reason| !reason.is_empty()),
        calls,
        ..Reading::default()
    }
}

#[derive(Default)]
struct Event<'de> {
    kind: Text<'de>,
    message: Envelope<'de>,
    block: Typed<'de>,
    delta: Delta<'de>,
    usage: Maybe<Usage>,
    error: bool,
}

impl<'de> Object<'de> for Event<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        fn object<'de, A: MapAccess<'de>, T: Object<'de>>(map: &mut A) -> Result<T, A::Error> {
            Ok(map.next_value::<Maybe<T>>()?.object().unwrap_or_default())
        }
        match name {
            "type" => self.kind = map.next_value()?,
            "message" => self.message = object(map)?,
            "content_block" => self.block = object(map)?,
            "delta" => self.delta = object(map)?,
            "usage" => self.usage = map.next_value()?,
            "error" => self.error = map.next_value::<crate::lenient::Filled>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// `tool_use`, `server_tool_use`, `mcp_tool_use`.
fn is_tool(block: &Typed<'_>) -> bool {
    block.kind.as_str().ends_with("tool_use")
}

/// The `delta` of a content block or of the message.
#[derive(Default)]
struct Delta<'de> {
    kind: Text<'de>,
    filled: bool,
    stop_reason: Text<'de>,
}

impl<'de> Object<'de> for Delta<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.kind = map.next_value()?,
            "stop_reason" => self.stop_reason = map.next_value()?,
            "text" | "thinking" | "partial_json" | "content" => {
                self.filled |= map.next_value::<Text<'de>>()?.is_filled();
            }
            "citation" => self.filled |= map.next_value::<crate::lenient::Filled>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Reading<'_> {
        event(b"", json.as_bytes()).unwrap()
    }

    #[test]
    fn the_start_reports_input_only() {
        let reading = read(
            r#"{"type":"message_start","message":{"model":"m","usage":{"input_tokens":18,"output_tokens":1}}}"#,
        );
        let usage = reading.usage.object().unwrap();
        assert_eq!(usage.output, None);
        assert!(usage.says_something());
        assert_eq!(reading.model.as_deref(), Some("m"));
    }

    #[test]
    fn deltas_with_something_in_them_are_content() {
        let delta = |kind: &str, field: &str, text: &str| {
            let json = format!(
                r#"{{"type":"content_block_delta","delta":{{"type":"{kind}","{field}":"{text}"}}}}"#
            );
            let reading = event(b"", json.as_bytes()).map(|r| (r.reasoning, r.answer));
            reading.unwrap()
        };
        assert_eq!(delta("text_delta", "text", "a"), (false, true));
        assert_eq!(delta("text_delta", "text", ""), (false, false));
        assert_eq!(delta("thinking_delta", "thinking", "a"), (true, false));
        assert_eq!(delta("input_json_delta", "partial_json", "{"), (false, true));
        assert_eq!(delta("signature_delta", "signature", "a"), (false, false));
    }

    #[test]
    fn the_event_field_names_what_the_data_does_not() {
        assert!(event(b"message_stop", b"{}").unwrap().terminal);
        assert!(event(b"error", br#"{"error":{"message":"x"}}"#).unwrap().error);
        assert!(read(r#"{"error":{"message":"x"}}"#).error);
    }
}
