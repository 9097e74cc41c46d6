//! What the body of a request asks for.

mod audio;
mod form;
mod pooled;

use serde_json::Value;

pub(crate) use audio::{Audio, Format, OpenAiModel};
pub(crate) use form::{BadForm, Form};
pub(crate) use pooled::{Encoding, Pooled};

use crate::api::Api;
use pooled::count;

/// The members of a request that change its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) model: Option<String>,
    pub(crate) stream: bool,
    /// `stream_options` is there, whatever its value; the value is kept for the refusal.
    pub(crate) stream_options: Option<String>,
    pub(crate) include_usage: bool,
    pub(crate) continuous_usage: bool,
    /// `n` times the number of prompts or conversations, at least 1.
    pub(crate) choices: usize,
    pub(crate) max_tokens: Option<u64>,
    /// The prompt, where a completion is to repeat it.
    pub(crate) echo: Option<String>,
    pub(crate) pooled: Pooled,
    pub(crate) audio: Audio,
    /// A response that is made after its request has been answered.
    pub(crate) background: bool,
    /// A response that can be asked for again.
    pub(crate) store: bool,
}

/// A body that is no JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadJson {
    /// Where the parser gave up, in bytes from the start.
    pub(crate) offset: usize,
}

/// More choices than this are not made: vLLM has a limit of its own.
const MAX_CHOICES: u64 = 128;

/// A body as JSON, if it is an object.
pub(crate) fn parse(body: &[u8]) -> Result<Value, BadJson> {
    let json: Value = serde_json::from_slice(body)
        .map_err(|error| BadJson { offset: offset(body, error.line(), error.column()) })?;
    if json.is_object() { Ok(json) } else { Err(BadJson { offset: 0 }) }
}

impl Ask {
    pub(crate) fn read(api: Api, json: &Value) -> Self {
        let limit = match api {
            Api::Responses => json["max_output_tokens"].as_u64(),
            _ => json["max_completion_tokens"].as_u64().or_else(|| json["max_tokens"].as_u64()),
        };
        let stream = match api {
            Api::Speech => json["stream_format"] == "sse",
            // vLLM ignores the member in a batch.
            Api::Batch => false,
            _ => json["stream"] == true && api.generates(),
        };
        let options = &json["stream_options"];
        let include_usage = options["include_usage"] == true;
        Self {
            model: json["model"].as_str().map(str::to_owned),
            stream,
            stream_options: json.get("stream_options").map(Value::to_string),
            include_usage,
            continuous_usage: include_usage && options["continuous_usage_stats"] == true,
            choices: choices(api, json),
            max_tokens: limit,
            echo: (api == Api::Completions && json["echo"] == true)
                .then(|| first_prompt(&json["prompt"])),
            pooled: Pooled::read(api, json),
            audio: Audio::made(json),
            background: json["background"] == true,
            store: json["store"] != false,
        }
    }

    /// The request of an audio API, whose stream options are fields of their own.
    pub(crate) fn of_form(form: &Form) -> Self {
        let model = form.get("model").map(str::to_owned);
        let whisper_1 = model.as_deref().and_then(OpenAiModel::of_name);
        let include_usage = form.flag("stream_include_usage");
        Self {
            stream: form.flag("stream") && whisper_1 != Some(OpenAiModel::Whisper1),
            include_usage,
            continuous_usage: include_usage && form.flag("stream_continuous_usage_stats"),
            choices: 1,
            max_tokens: form.get("max_completion_tokens").and_then(|n| n.parse().ok()),
            audio: Audio::heard(form),
            model,
            ..Self::default()
        }
    }
}

fn choices(api: Api, json: &Value) -> usize {
    let n = json["n"].as_u64().unwrap_or(1).clamp(1, MAX_CHOICES) as usize;
    match api {
        Api::Chat => n,
        Api::Batch => count(&json["messages"]).min(MAX_CHOICES as usize),
        Api::Completions => (n * count(&json["prompt"])).min(MAX_CHOICES as usize),
        _ => 1,
    }
}

fn first_prompt(prompt: &Value) -> String {
    prompt.as_str().or_else(|| prompt[0].as_str()).unwrap_or_default().to_owned()
}

/// Line and column, which count from 1, as an offset into the body.
fn offset(body: &[u8], line: usize, column: usize) -> usize {
    let before: usize = body
        .split_inclusive(|&byte| byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    (before + column).min(body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_asked_for_by_true_alone() {
        let read = |body: &str| Ask::read(Api::Chat, &parse(body.as_bytes()).unwrap());
        let asked = read(r#"{"stream":true,"stream_options":{"include_usage":true}}"#);
        assert!(asked.stream && asked.include_usage && !asked.continuous_usage);
        let declined = read(r#"{"stream":true,"stream_options":{"continuous_usage_stats":true}}"#);
        assert!(!declined.include_usage && !declined.continuous_usage);
        let null = read(r#"{"stream":"true","stream_options":null}"#);
        assert_eq!((null.stream, null.stream_options.as_deref()), (false, Some("null")));
    }

    #[test]
    fn prompts_and_choices_multiply() {
        let read = |body: &[u8]| Ask::read(Api::Completions, &parse(body).unwrap());
        let ask = read(br#"{"prompt":["a","b"],"n":3,"max_tokens":4,"echo":true}"#);
        assert_eq!((ask.choices, ask.max_tokens, ask.echo.as_deref()), (6, Some(4), Some("a")));
        assert_eq!(read(br#"{"prompt":[1,2,3]}"#).choices, 1);
    }

    #[test]
    fn the_place_of_a_syntax_error_is_known() {
        assert_eq!(parse(b"{\"model\":"), Err(BadJson { offset: 9 }));
        assert_eq!(parse(b"[]"), Err(BadJson { offset: 0 }));
        assert!(parse(b"{\"model\":\"\xff\"}").is_err());
    }
}
