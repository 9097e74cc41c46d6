//! What the body of a request asks for.

use serde_json::Value;

/// The APIs that generate or embed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Chat,
    Completions,
    Responses,
    Messages,
    Embeddings,
}

impl Api {
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        Some(match path {
            "/v1/chat/completions" => Self::Chat,
            "/v1/completions" => Self::Completions,
            "/v1/responses" => Self::Responses,
            "/v1/messages" => Self::Messages,
            "/v1/embeddings" => Self::Embeddings,
            _ => return None,
        })
    }
}

/// The members of a request that change its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) model: Option<String>,
    pub(crate) stream: bool,
    /// `stream_options` is there, whatever its value; the value is kept for the refusal.
    pub(crate) stream_options: Option<String>,
    pub(crate) include_usage: bool,
    pub(crate) continuous_usage: bool,
    /// `n` times the number of prompts, at least 1.
    pub(crate) choices: usize,
    pub(crate) max_tokens: Option<u64>,
    /// The prompt, where a completion is to repeat it.
    pub(crate) echo: Option<String>,
    /// Texts to embed, at least 1.
    pub(crate) inputs: usize,
}

/// A body that is no JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadJson {
    /// Where the parser gave up, in bytes from the start.
    pub(crate) offset: usize,
}

/// More choices than this are not made: vLLM has a limit of its own.
const MAX_CHOICES: u64 = 128;

impl Ask {
    pub(crate) fn read(api: Api, body: &[u8]) -> Result<Self, BadJson> {
        let json: Value = serde_json::from_slice(body)
            .map_err(|error| BadJson { offset: offset(body, error.line(), error.column()) })?;
        if !json.is_object() {
            return Err(BadJson { offset: 0 });
        }
        let limit = match api {
            Api::Responses => json["max_output_tokens"].as_u64(),
            _ => json["max_completion_tokens"].as_u64().or_else(|| json["max_tokens"].as_u64()),
        };
        let options = &json["stream_options"];
        let include_usage = options["include_usage"] == true;
        Ok(Self {
            model: json["model"].as_str().map(str::to_owned),
            stream: json["stream"] == true && api != Api::Embeddings,
            stream_options: json.get("stream_options").map(Value::to_string),
            include_usage,
            continuous_usage: include_usage && options["continuous_usage_stats"] == true,
            choices: choices(api, &json),
            max_tokens: limit,
            echo: (api == Api::Completions && json["echo"] == true)
                .then(|| first_prompt(&json["prompt"])),
            inputs: count(&json["input"]),
        })
    }
}

fn choices(api: Api, json: &Value) -> usize {
    let n = json["n"].as_u64().unwrap_or(1).clamp(1, MAX_CHOICES) as usize;
    match api {
        Api::Chat => n,
        Api::Completions => (n * count(&json["prompt"])).min(MAX_CHOICES as usize),
        Api::Responses | Api::Messages | Api::Embeddings => 1,
    }
}

/// How many prompts or inputs: one, or as many as a list has, unless it is a list of token ids.
fn count(value: &Value) -> usize {
    match value.as_array() {
        Some(list) if !list.is_empty() && !list[0].is_number() => list.len(),
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
        let read = |body: &str| Ask::read(Api::Chat, body.as_bytes()).unwrap();
        let asked = read(r#"{"stream":true,"stream_options":{"include_usage":true}}"#);
        assert!(asked.stream && asked.include_usage && !asked.continuous_usage);
        let declined = read(r#"{"stream":true,"stream_options":{"continuous_usage_stats":true}}"#);
        assert!(!declined.include_usage && !declined.continuous_usage);
        let null = read(r#"{"stream":"true","stream_options":null}"#);
        assert_eq!((null.stream, null.stream_options.as_deref()), (false, Some("null")));
    }

    #[test]
    fn prompts_and_choices_multiply() {
        let body = br#"{"prompt":["a","b"],"n":3,"max_tokens":4,"echo":true}"#;
        let ask = Ask::read(Api::Completions, body).unwrap();
        assert_eq!((ask.choices, ask.max_tokens, ask.echo.as_deref()), (6, Some(4), Some("a")));
        let ids = Ask::read(Api::Completions, br#"{"prompt":[1,2,3]}"#).unwrap();
        assert_eq!(ids.choices, 1);
    }

    #[test]
    fn the_place_of_a_syntax_error_is_known() {
        assert_eq!(Ask::read(Api::Chat, b"{\"model\":"), Err(BadJson { offset: 9 }));
        assert_eq!(Ask::read(Api::Chat, b"[]"), Err(BadJson { offset: 0 }));
        assert!(Ask::read(Api::Chat, b"{\"model\":\"\xff\"}").is_err());
    }
}
