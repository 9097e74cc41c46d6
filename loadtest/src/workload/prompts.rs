//! Prompt files: JSON lines, each a string, or an object with `prompt` or with `messages`, and maybe `max_tokens`.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::json_lines;
use crate::scenario::{Api, ScenarioError};

/// A prompt.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) messages: Vec<Value>,
    pub(super) max_tokens: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Raw {
    Text(String),
    Object(Object),
}

/// Further members are a data set's own.
#[derive(Deserialize)]
struct Object {
    prompt: Option<String>,
    messages: Option<Vec<Map<String, Value>>>,
    max_tokens: Option<u32>,
}

/// Reads the prompts of a file, at least one.
///
/// # Errors
/// Names the line that cannot be read; its text is not shown.
pub(super) fn read(path: &Path, api: Api) -> Result<Vec<Line>, ScenarioError> {
    json_lines::read(path, "a prompt", |text| line(text, api))
}

fn line(text: &str, api: Api) -> Result<Line, String> {
    let raw = serde_json::from_str(text).map_err(|_| {
        "expected a JSON string, or an object with prompt (a string) or messages (a list of objects), and \
         maybe max_tokens (a number)"
    })?;
    let object = match raw {
        Raw::Text(text) => Object { prompt: Some(text), messages: None, max_tokens: None },
        Raw::Object(object) => object,
    };
    if object.max_tokens == Some(0) {
        return Err("max_tokens = 0: expected 1 or more".to_owned());
    }
    let messages = match (object.prompt, object.messages) {
        (Some(text), None) if !text.is_empty() => vec![json!({"role": "user", "content": text})],
        (Some(_), None) => return Err("prompt: expected a text that is not empty".to_owned()),
        (None, Some(messages)) => checked(messages, api)?,
        (Some(_), Some(_)) | (None, None) => {
            return Err("expected either prompt or messages".to_owned());
        }
    };
    Ok(Line { messages, max_tokens: object.max_tokens })
}

fn checked(messages: Vec<Map<String, Value>>, api: Api) -> Result<Vec<Value>, String> {
    if api == Api::Completions {
        return Err("messages: expected prompt, since completions have no messages".to_owned());
    }
    if messages.is_empty() {
        return Err("messages: expected at least one".to_owned());
    }
    let mut last = "";
    for message in &messages {
        last = message.get("role").and_then(Value::as_str).unwrap_or_default();
        if last.is_empty() || !message.contains_key("content") {
            return Err("messages: expected each to have a role and content".to_owned());
        }
        if last == "system" && api == Api::Messages {
            return Err(
                "messages: expected no role system, which this API does not have".to_owned()
            );
        }
    }
    if last == "assistant" {
        return Err("messages: expected the last to be a question, not an assistant's".to_owned());
    }
    Ok(messages.into_iter().map(Value::Object).collect())
}

impl Line {
    /// What the user says last, for whoever reads it.
    pub(super) fn prompt(&self) -> &str {
        let is_user = |message: &&Value| message.get("role").is_some_and(|role| role == "user");
        let last = self.messages.iter().rev().find(is_user);
        match last.and_then(|message| message.get("content")) {
            Some(Value::String(text)) => text,
            // Texts and images: the first text.
            Some(Value::Array(parts)) => {
                let text = |part: &'_ Value| part.get("text").and_then(Value::as_str).is_some();
                let part = parts.iter().find(|part| text(part));
                part.and_then(|part| part.get("text")?.as_str()).unwrap_or_default()
            }
            _ => "",
        }
    }
}
