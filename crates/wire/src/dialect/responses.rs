//! OpenAI responses.
//!
//! Sources: [OpenAI's streaming reference](https://platform.openai.com/docs/api-reference/responses-streaming);
//! recordings of vLLM 0.32.0 and LiteLLM 1.106.2. vLLM ends every answer, one cut by the token
//! limit too, with `response.completed`.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::{
    Call, ERROR, Envelope, ID, METRICS, MODEL, Malformed, OBJECT, Reading, TIMINGS, Typed, USAGE,
    member, report, text,
};
use crate::EngineReport;
use crate::lenient::{Filled, List, Maybe, Object, Text, skip};
use crate::members::Members;
use crate::wanted::Wanted;

pub(super) const BODY: &[Wanted] = &[
    MODEL,
    ID,
    USAGE,
    ERROR,
    OBJECT,
    Wanted { name: "status", limit: 256 },
    Wanted { name: "output", limit: 1 << 20 },
    METRICS,
    TIMINGS,
];

pub(super) const OPEN: &[&str] = &["delta", "sequence_number", "obfuscation"];

pub(super) fn event<'a>(name: &[u8], data: &'a [u8]) -> Result<Reading<'a>, Malformed> {
    let event = super::json::<Maybe<Event<'_>>>(data)?;
    let event = event.object().ok_or(Malformed)?;
    let kind = match event.kind.0 {
        Some(kind) => kind,
        None => Cow::Owned(String::from_utf8_lossy(name).into_owned()),
    };
    // vLLM's stands in the response, llama.cpp's beside it.
    let report = event.response.report.object().or_else(|| event.report.object());
    let mut reading = Reading {
        model: event.response.model.0,
        id: event.response.id.0,
        engine: report.map(Box::new),
        ..Reading::default()
    };
    match kind.as_ref() {
        "response.completed" | "response.incomplete" => {
            reading.terminal = true;
            reading.usage = event.response.usage;
            reading.finish = event.response.status.0.or(Some(Cow::Borrowed("completed")));
        }
        "response.failed" => {
            reading.terminal = true;
            reading.error = true;
            reading.usage = event.response.usage;
        }
        "error" => reading.error = true,
        "response.output_item.added" if is_call(&event.item) => {
            reading.answer = true;
            reading.calls.push(Call::NEW);
        }
        _ if kind.ends_with(".delta") && event.delta => {
            let reasoning = kind.starts_with("response.reasoning");
            reading.reasoning = reasoning;
            reading.answer = !reasoning;
        }
        // LiteLLM: an error without a type.
        "" => reading.error = event.error,
        _ => {}
    }
    Ok(reading)
}

pub(super) fn body(members: &Members) -> Reading<'_> {
    let status = text(members, "status");
    let items: List<Typed<'_>> = member(members, "output").unwrap_or_default();
    let calls = items.0.iter().filter(|item| is_call(item)).map(|_| Call::NEW).collect();
    Reading {
        engine: report(members),
        error: status.as_deref() == Some("failed"),
        finish: status,
        calls,
        ..Reading::default()
    }
}

#[derive(Default)]
struct Event<'de> {
    kind: Text<'de>,
    response: Envelope<'de>,
    item: Typed<'de>,
    delta: bool,
    error: bool,
    report: Maybe<EngineReport>,
}

impl<'de> Object<'de> for Event<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.kind = map.next_value()?,
            "response" => {
                self.response =
                    map.next_value::<Maybe<Envelope<'de>>>()?.object().unwrap_or_default();
            }
            "item" => {
                self.item = map.next_value::<Maybe<Typed<'de>>>()?.object().unwrap_or_default()
            }
            // What a tool said is an object.
            "delta" => self.delta = map.next_value::<Text<'de>>()?.is_filled(),
            "error" => self.error = map.next_value::<Filled>()?.0,
            "timings" => self.report = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// `function_call`, `custom_tool_call`, `mcp_call`, `web_search_call` …
fn is_call(item: &Typed<'_>) -> bool {
    item.kind.as_str().ends_with("_call")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Reading<'_> {
        event(b"", json.as_bytes()).unwrap()
    }

    #[test]
    fn only_deltas_and_calls_are_content() {
        assert!(read(r#"{"type":"response.output_text.delta","delta":"a"}"#).answer);
        assert!(read(r#"{"type":"response.reasoning_text.delta","delta":"a"}"#).reasoning);
        assert!(read(r#"{"type":"response.reasoning_summary_text.delta","delta":"a"}"#).reasoning);
        assert!(
            read(r#"{"type":"response.output_item.added","item":{"type":"function_call"}}"#).answer
        );
        for json in [
            r#"{"type":"response.created","response":{"usage":null}}"#,
            r#"{"type":"response.output_item.added","item":{"type":"message"}}"#,
            r#"{"type":"response.output_text.done","text":"all of it"}"#,
            r#"{"type":"response.output_text.delta","delta":""}"#,
        ] {
            assert!(!read(json).has_content(), "{json}");
        }
    }

    #[test]
    fn the_terminal_event_carries_usage() {
        let reading = read(
            r#"{"type":"response.incomplete","response":{"status":"incomplete","usage":{"input_tokens":1,"output_tokens":2}}}"#,
        );
        assert!(reading.terminal && !reading.error);
        assert_eq!(reading.finish.as_deref(), Some("incomplete"));
        assert_eq!(reading.usage.object().unwrap().output, Some(2));
    }

    #[test]
    fn failures_are_errors() {
        assert!(read(r#"{"type":"response.failed","response":{"status":"failed"}}"#).error);
        assert!(read(r#"{"type":"error","message":"x"}"#).error);
        assert!(event(b"error", br#"{"message":"x"}"#).unwrap().error);
    }
}
