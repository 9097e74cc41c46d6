//! `/v1/realtime`: what vLLM says of speech that it hears, and OpenAI in a conversation.

use super::{Finish, Kind, Script};
use crate::json::{Obj, array};
use crate::usage::Usage;

/// Whose messages a session is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Transcribes, and is told its model by `session.update`.
    Vllm,
    /// Converses, and is told its model by the query.
    OpenAi,
}

impl Dialect {
    /// The greeting, once the connection is upgraded.
    pub(crate) fn created(self, id: &str, created: u64, model: &str) -> String {
        match self {
            Self::Vllm => Obj::new()
                .str("type", "session.created")
                .str("id", &format!("sess-{id}"))
                .raw("created", created)
                .end(),
            Self::OpenAi => session("session.created", id, model),
        }
    }

    /// The answer to a `session.update` that is right; vLLM has none.
    pub(crate) fn updated(self, id: &str, model: &str) -> Option<String> {
        (self == Self::OpenAi).then(|| session("session.updated", id, model))
    }

    pub(crate) fn open(self, script: &Script) -> Option<String> {
        (self == Self::OpenAi).then(|| {
            let response = response(script, "in_progress", "[]", "null");
            event("response.created", &script.id).raw("response", response).end()
        })
    }

    /// vLLM sends a delta for a token without text, too.
    pub(crate) fn delta(self, script: &Script, text: &str) -> Option<String> {
        match self {
            Self::Vllm => {
                Some(Obj::new().str("type", "transcription.delta").str("delta", text).end())
            }
            Self::OpenAi if text.is_empty() => None,
            Self::OpenAi => {
                Some(place(script, "response.output_text.delta").str("delta", text).end())
            }
        }
    }

    pub(crate) fn close(self, script: &Script) -> Vec<String> {
        let text = script.text_of(Kind::Text);
        if self == Self::Vllm {
            let usage = self.usage(script).openai_whole(&script.engine);
            let done = Obj::new().str("type", "transcription.done").str("text", &text);
            return vec![done.raw("usage", usage).end()];
        }
        let text_done = place(script, "response.output_text.done").str("text", &text).end();
        let status = match script.finish {
            Finish::Length => "incomplete",
            Finish::Stop | Finish::ToolCalls => "completed",
        };
        let content = Obj::new().str("type", "output_text").str("text", &text).end();
        let item = Obj::new()
            .str("id", &format!("item_{}", script.id))
            .str("type", "message")
            .str("status", status)
            .str("role", "assistant")
            .raw("content", array([content]))
            .end();
        let usage = conversation_usage(&self.usage(script));
        let response = response(script, status, &array([item]), &usage);
        vec![text_done, event("response.done", &script.id).raw("response", response).end()]
    }

    /// What the last message of [`close`](Self::close) tells.
    pub(crate) fn usage(self, script: &Script) -> Usage {
        match self {
            Self::Vllm => Usage { cached: None, ..script.usage() },
            Self::OpenAi => script.usage(),
        }
    }

    pub(crate) fn error(self, id: &str, code: &str, message: &str) -> String {
        match self {
            Self::Vllm => {
                Obj::new().str("type", "error").str("error", message).str("code", code).end()
            }
            Self::OpenAi => {
                let error = Obj::new()
                    .str("type", "invalid_request_error")
                    .str("code", code)
                    .str("message", message)
                    .nulls(&["param", "event_id"])
                    .end();
                event("error", id).raw("error", error).end()
            }
        }
    }
}

/// OpenAI's answer to a buffer of audio that is complete.
pub(crate) fn committed(id: &str) -> String {
    event("input_audio_buffer.committed", id)
        .nulls(&["previous_item_id"])
        .str("item_id", &format!("item_{id}"))
        .end()
}

/// OpenAI's answer to an item that the client adds.
pub(crate) fn item_added(id: &str) -> String {
    let item = Obj::new().str("id", &format!("item_{id}")).str("type", "message").end();
    event("conversation.item.added", id).nulls(&["previous_item_id"]).raw("item", item).end()
}

fn event(name: &str, id: &str) -> Obj {
    Obj::new().str("type", name).str("event_id", &format!("event_{id}"))
}

fn session(name: &str, id: &str, model: &str) -> String {
    let session = Obj::new()
        .str("type", "realtime")
        .str("object", "realtime.session")
        .str("id", &format!("sess_{id}"))
        .str("model", model)
        .raw("output_modalities", r#"["text"]"#)
        .end();
    event(name, id).raw("session", session).end()
}

/// The members that say where in the response an event belongs.
fn place(script: &Script, name: &str) -> Obj {
    event(name, &script.id)
        .str("response_id", &format!("resp_{}", script.id))
        .str("item_id", &format!("item_{}", script.id))
        .raw("output_index", 0)
        .raw("content_index", 0)
}

fn response(script: &Script, status: &str, output: &str, usage: &str) -> String {
    let details = match status {
        "incomplete" => r#"{"type":"incomplete","reason":"max_output_tokens"}"#,
        _ => "null",
    };
    Obj::new()
        .str("object", "realtime.response")
        .str("id", &format!("resp_{}", script.id))
        .str("status", status)
        .raw("status_details", details)
        .raw("output", output)
        .raw("usage", usage)
        .nulls(&["metadata"])
        .end()
}

fn conversation_usage(usage: &Usage) -> String {
    let input = Obj::new()
        .raw("text_tokens", usage.input)
        .raw("audio_tokens", 0)
        .raw("image_tokens", 0)
        .raw("cached_tokens", usage.cached.unwrap_or(0))
        .end();
    let output = Obj::new().raw("text_tokens", usage.output).raw("audio_tokens", 0).end();
    Obj::new()
        .raw("total_tokens", usage.total())
        .raw("input_tokens", usage.input)
        .raw("output_tokens", usage.output)
        .raw("input_token_details", input)
        .raw("output_token_details", output)
        .end()
}
