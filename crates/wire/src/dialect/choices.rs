//! OpenAI chat completions and completions: answers made of `choices`.
//!
//! Sources: OpenAI's API reference; vLLM's `entrypoints/openai/*/protocol.py` 0.4 to 0.33;
//! recordings of vLLM 0.32.0 and LiteLLM 1.106.2.

use serde::de::MapAccess;

use super::{
    Call, ERROR, ID, METRICS, MODEL, Malformed, OBJECT, Reading, TIMINGS, USAGE, member, report,
    text,
};
use crate::EngineReport;
use crate::lenient::{Count, Filled, List, Maybe, Object, Presence, Text, skip};
use crate::members::Members;
use crate::spans;
use crate::usage::Usage;
use crate::wanted::Wanted;

pub(super) const BODY: &[Wanted] = &[
    MODEL,
    ID,
    USAGE,
    ERROR,
    OBJECT,
    Wanted { name: "choices", limit: 1 << 20 },
    METRICS,
    TIMINGS,
    Wanted { name: "system_fingerprint", limit: 1 << 10 },
];

/// `created` is the time in seconds (llama.cpp, SGLang, TGI), `obfuscation` OpenAI's filling.
pub(super) const OPEN: &[&str] = &[
    "content",
    "text",
    "reasoning",
    "reasoning_content",
    "refusal",
    "arguments",
    "input",
    "token_ids",
    "created",
    "obfuscation",
];

pub(super) fn event(data: &[u8], echo_only: bool) -> Result<Reading<'_>, Malformed> {
    let chunk = super::json::<Maybe<Chunk<'_>>>(data)?;
    let mut reading = read_chunk(chunk.object().ok_or(Malformed)?);
    if echo_only {
        reading.answer = false;
    }
    Ok(reading)
}

/// A body that is there in one piece. Of a whole answer nothing says that it only repeats the prompt.
pub(super) fn whole(body: &[u8]) -> Option<Reading<'_>> {
    let mut chunk = Chunk::default();
    spans::fill(body, &mut chunk).ok()?.then(|| read_chunk(chunk))
}

fn read_chunk(chunk: Chunk<'_>) -> Reading<'_> {
    let mut reading = read_choices(chunk.choices);
    reading.model = chunk.model.0;
    reading.id = chunk.id.0;
    reading.usage = chunk.usage;
    reading.error = chunk.error || chunk.object.as_str() == "error";
    reading.engine = chunk.report;
    reading.fingerprint = chunk.fingerprint.0;
    reading
}

pub(super) fn body(members: &Members) -> Reading<'_> {
    let mut reading = read_choices(member(members, "choices").unwrap_or_default());
    reading.engine = report(members);
    reading.fingerprint = text(members, "system_fingerprint");
    reading
}

fn read_choices(choices: List<Choice<'_>>) -> Reading<'_> {
    let mut reading = Reading { bare: true, ..Reading::default() };
    for (position, choice) in choices.0.into_iter().enumerate() {
        let index = choice.index.0.unwrap_or(position as u64);
        // An index is the server's word: far beyond any `n`, it is no number of choices.
        reading.choices = reading.choices.max(index.min(1 << 16) + 1);
        let delta = choice.delta;
        reading.reasoning |= delta.reasoning;
        // Token ids and log-probabilities come with reasoning too: there they are not the answer.
        let token = choice.tokens && !delta.reasoning;
        reading.answer |= choice.text.is_filled || delta.answer || token;
        reading.calls.extend(delta.calls.into_iter().map(|call| call.of_choice(index)));
        reading.bare &= !choice.text.is_text && !delta.says_something;
        if choice.finish_reason.is_filled() {
            reading.bare = false;
            reading.finishes |= 1 << index.min(63);
            reading.finish = choice.finish_reason.0;
        }
    }
    reading.bare &= !reading.has_content();
    reading
}

#[derive(Default)]
struct Chunk<'de> {
    model: Text<'de>,
    id: Text<'de>,
    object: Text<'de>,
    choices: List<Choice<'de>>,
    usage: Maybe<Usage>,
    error: bool,
    fingerprint: Text<'de>,
    report: Option<Box<EngineReport>>,
    /// It is that of `metrics`.
    has_metrics: bool,
}

impl<'de> Object<'de> for Chunk<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "model" => self.model = map.next_value()?,
            "id" => self.id = map.next_value()?,
            "object" => self.object = map.next_value()?,
            "choices" => self.choices = map.next_value()?,
            "usage" => self.usage = map.next_value()?,
            "error" => self.error = map.next_value::<Filled>()?.0,
            "system_fingerprint" => self.fingerprint = map.next_value()?,
            // vLLM's, which counts before llama.cpp's.
            "metrics" | "timings" => {
                let report = map.next_value::<Maybe<EngineReport>>()?.object();
                let is_first = name == "metrics" || !self.has_metrics;
                if is_first && report.is_some() {
                    (self.report, self.has_metrics) = (report.map(Box::new), name == "metrics");
                }
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct Choice<'de> {
    index: Count,
    delta: Delta,
    text: Presence,
    /// Token ids or log-probabilities: a token was generated although no text came of it yet.
    tokens: bool,
    finish_reason: Text<'de>,
}

impl<'de> Object<'de> for Choice<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "index" => self.index = map.next_value()?,
            // `message` in a whole body, `delta` in an event.
            "delta" | "message" => {
                self.delta = map.next_value::<Maybe<Delta>>()?.object().unwrap_or_default();
            }
            "text" => self.text = map.next_value()?,
            "token_ids" => self.tokens |= map.next_value::<Filled>()?.0,
            "logprobs" => self.tokens |= is_filled_logprobs(map.next_value()?),
            "finish_reason" => self.finish_reason = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

fn is_filled_logprobs(logprobs: Maybe<Logprobs>) -> bool {
    logprobs.object().is_some_and(|logprobs| logprobs.tokens)
}

#[derive(Default)]
struct Logprobs {
    tokens: bool,
}

impl<'de> Object<'de> for Logprobs {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            // Chat has `content` and `refusal`, completions has `tokens`.
            "content" | "refusal" | "tokens" => self.tokens |= map.next_value::<Filled>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct Delta {
    reasoning: bool,
    answer: bool,
    /// Tool calls whose name stands here.
    calls: Vec<Call>,
    /// Any member that is not null, such as the role.
    says_something: bool,
}

impl<'de> Object<'de> for Delta {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            // vLLM: `reasoning_content` 0.7.3 to 0.15, `reasoning` from 0.11.1 on.
            "reasoning" | "reasoning_content" => {
                let text: Presence = map.next_value()?;
                self.reasoning |= text.is_filled;
                self.says_something |= text.is_text;
            }
            "content" | "refusal" => {
                let text: Presence = map.next_value()?;
                self.answer |= text.is_filled;
                self.says_something |= text.is_text;
            }
            // OpenAI's sound and what it says; an object with an id and an end alone is neither.
            "audio" => {
                let sound = map.next_value::<Maybe<Sound>>()?.object().unwrap_or_default();
                self.answer |= sound.0;
                self.says_something = true;
            }
            "role" => self.says_something |= map.next_value::<Presence>()?.is_text,
            "tool_calls" => {
                let calls: List<ToolCall> = map.next_value()?;
                for call in calls.0 {
                    self.call(&call.function, call.index.0);
                }
            }
            // OpenAI's name before tools.
            "function_call" => {
                if let Maybe::Object(function) = map.next_value()? {
                    self.call(&function, None);
                }
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// Whether there is anything to be heard.
#[derive(Default)]
struct Sound(bool);

impl<'de> Object<'de> for Sound {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "data" | "transcript" => self.0 |= map.next_value::<Presence>()?.is_filled,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl Delta {
    fn call(&mut self, function: &Function, index: Option<u64>) {
        self.says_something = true;
        self.answer |= function.named || function.arguments;
        if function.named {
            self.calls.push(Call { choice: 0, index });
        }
    }
}

#[derive(Default)]
struct ToolCall {
    index: Count,
    function: Function,
}

impl<'de> Object<'de> for ToolCall {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "index" => self.index = map.next_value()?,
            // `custom` is OpenAI's tool without a schema.
            "function" | "custom" => {
                self.function = map.next_value::<Maybe<Function>>()?.object().unwrap_or_default();
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct Function {
    named: bool,
    arguments: bool,
}

impl<'de> Object<'de> for Function {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "name" => self.named |= map.next_value::<Presence>()?.is_filled,
            "arguments" | "input" => self.arguments |= map.next_value::<Presence>()?.is_filled,
            _ => skip(map)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Reading<'_> {
        event(json.as_bytes(), false).unwrap()
    }

    #[test]
    fn a_role_is_no_content_but_no_bare_event_either() {
        let role = read(
            r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
        );
        assert!(!role.has_content() && !role.bare && role.usage == Maybe::Absent);
    }

    #[test]
    fn usage_events_are_bare() {
        for json in [
            r#"{"choices":[],"usage":{"prompt_tokens":1}}"#,
            r#"{"choices":[{"index":0,"delta":{}}],"usage":{"prompt_tokens":1}}"#,
            r#"{"choices":[{"index":0,"text":null}],"usage":{"prompt_tokens":1}}"#,
        ] {
            assert!(read(json).bare, "{json}");
        }
        assert!(!read(r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{}}"#).bare);
    }

    #[test]
    fn reasoning_is_told_from_the_answer() {
        for field in ["reasoning", "reasoning_content"] {
            let json = format!(r#"{{"choices":[{{"delta":{{"{field}":"hm"}}}}]}}"#);
            let reading = read(&json);
            assert!(reading.reasoning && !reading.answer, "{field}");
        }
    }

    #[test]
    fn a_tool_call_is_an_answer() {
        let json = r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]}}]}"#;
        assert_eq!((read(json).answer, read(json).calls.len()), (true, 1));
        let json =
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}}]}"#;
        assert_eq!((read(json).answer, read(json).calls.len()), (true, 0));
    }

    #[test]
    fn logprobs_and_token_ids_tell_of_a_token_without_text() {
        for json in [
            r#"{"choices":[{"text":"","logprobs":{"tokens":["a"]}}]}"#,
            r#"{"choices":[{"delta":{"content":""},"logprobs":{"content":[{"token":"a"}]}}]}"#,
            r#"{"choices":[{"text":"","token_ids":[5]}]}"#,
        ] {
            assert!(read(json).answer, "{json}");
        }
        assert!(!read(r#"{"choices":[{"text":"","logprobs":null,"token_ids":null}]}"#).answer);
    }

    #[test]
    fn what_is_no_object_is_malformed() {
        assert!(event(b"hello", false).is_err());
        assert!(event(b"[]", false).is_err());
        assert!(event(b"", false).is_err());
    }
}
