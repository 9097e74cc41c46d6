//! The bodies of requests, by API.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};
use weir_wire::Endpoint;

use crate::scenario::{Api, Scenario};

pub(super) fn endpoint(api: Api) -> Endpoint {
    match api {
        Api::ChatCompletions => Endpoint::ChatCompletions,
        Api::Completions => Endpoint::Completions,
        Api::Responses => Endpoint::Responses,
        Api::Messages => Endpoint::Messages,
    }
}

pub(super) fn path(api: Api) -> &'static str {
    match api {
        Api::ChatCompletions => "/v1/chat/completions",
        Api::Completions => "/v1/completions",
        Api::Responses => "/v1/responses",
        Api::Messages => "/v1/messages",
    }
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) model: &'a str,
    /// All that was said so far, this turn's question last.
    pub(super) messages: &'a [Value],
    /// The system prompt; empty: none.
    pub(super) prefix: &'a str,
    pub(super) max_tokens: u32,
    pub(super) streamed: bool,
}

/// All that a body may have; each API has some of it.
#[derive(Debug, Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<&'a Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'a [Value]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ignore_eos: bool,
    #[serde(flatten)]
    further: &'a Map<String, Value>,
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl Asked<'_> {
    pub(super) fn body(&self, scenario: &Scenario) -> Bytes {
        let api = scenario.endpoint;
        let has_options = self.streamed && endpoint(api).has_stream_options();
        let prefix = Some(self.prefix).filter(|prefix| !prefix.is_empty());
        let system = prefix.map(|text| serde_json::json!({"role": "system", "content": text}));
        let mut body = Body {
            model: self.model,
            instructions: None,
            system: None,
            messages: None,
            prompt: None,
            input: None,
            max_tokens: Some(self.max_tokens),
            max_output_tokens: None,
            stream: self.streamed,
            stream_options: has_options.then_some(StreamOptions { include_usage: true }),
            ignore_eos: scenario.output.ignore_eos,
            further: &scenario.body,
        };
        match api {
            Api::ChatCompletions => {
                body.messages = Some(system.iter().chain(self.messages).collect())
            }
            Api::Completions => body.prompt = Some(self.plain()),
            Api::Messages => {
                body.system = prefix;
                body.messages = Some(self.messages.iter().collect());
            }
            Api::Responses => {
                body.instructions = prefix;
                body.input = Some(self.messages);
                body.max_output_tokens = body.max_tokens.take();
            }
        }
        // Texts as keys and numbers in range always have a JSON.
        serde_json::to_vec(&body).unwrap_or_default().into()
    }

    /// All that was said, as one text.
    fn plain(&self) -> String {
        let said = self.messages.iter().filter_map(|message| message.get("content")?.as_str());
        let parts = Some(self.prefix).filter(|prefix| !prefix.is_empty()).into_iter().chain(said);
        parts.collect::<Vec<_>>().join("\n\n")
    }
}
