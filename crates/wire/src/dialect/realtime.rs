//! What the server says over a realtime WebSocket.
//!
//! Sources: OpenAI's
//! [realtime server events](https://platform.openai.com/docs/api-reference/realtime-server-events);
//! vLLM's `entrypoints/openai/realtime` (0.16 on). Usage is told per answer, so it is summed.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::{Envelope, Malformed, Typed};
use crate::lenient::{Maybe, Object, Text, skip};
use crate::usage::Usage;

/// What one message says.
#[derive(Debug, Default)]
pub(crate) struct Said<'a> {
    pub(crate) model: Option<Cow<'a, str>>,
    pub(crate) usage: Maybe<Usage>,
    /// An answer is complete.
    pub(crate) done: bool,
    /// What was heard has been written down; in a conversation by another model than that which
    /// answers, so that its tokens are not the session's.
    pub(crate) heard: bool,
    pub(crate) error: bool,
    /// OpenAI's `invalid_request_error`.
    pub(crate) is_clients_fault: bool,
}

pub(crate) fn message(data: &[u8]) -> Result<Said<'_>, Malformed> {
    let message = super::json::<Maybe<Message<'_>>>(data)?;
    let message = message.object().ok_or(Malformed)?;
    let kind = message.kind.as_str();
    let model = message.session.model.0.or(message.model.0);
    Ok(match kind {
        "response.done" => Said {
            model,
            usage: message.response.usage,
            done: true,
            error: message.response.status.as_str() == "failed",
            ..Said::default()
        },
        "transcription.done" => Said { model, usage: message.usage, done: true, ..Said::default() },
        "conversation.item.input_audio_transcription.completed" => {
            Said { usage: message.usage, heard: true, ..Said::default() }
        }
        // In vLLM the error is a text, in OpenAI an object; the session stays open.
        "error" => Said {
            error: true,
            is_clients_fault: message.error.kind.as_str() == "invalid_request_error",
            ..Said::default()
        },
        _ => Said { model, ..Said::default() },
    })
}

/// The models that a client's `session.update` asks for.
#[derive(Debug, Default)]
pub(crate) struct AskedFor<'a> {
    /// The one that answers: on top in vLLM's, in `session` in OpenAI's.
    pub(crate) answering: Option<Cow<'a, str>>,
    /// The one that writes down what it hears: in `session.audio.input.transcription`.
    pub(crate) listening: Option<Cow<'a, str>>,
}

pub(crate) fn models_asked_for(data: &[u8]) -> AskedFor<'_> {
    let asked = serde_json::from_slice::<Maybe<Asked<'_>>>(data).unwrap_or_default();
    let asked = asked.object().filter(|asked| asked.kind.as_str() == "session.update");
    let asked = asked.unwrap_or_default();
    AskedFor {
        answering: asked.model.0.or(asked.session.model.0).filter(|name| !name.is_empty()),
        listening: asked.session.listening.0.filter(|name| !name.is_empty()),
    }
}

#[derive(Default)]
struct Asked<'de> {
    kind: Text<'de>,
    model: Text<'de>,
    session: Session<'de>,
}

impl<'de> Object<'de> for Asked<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.kind = map.next_value()?,
            "model" => self.model = map.next_value()?,
            "session" => {
                self.session =
                    map.next_value::<Maybe<Session<'de>>>()?.object().unwrap_or_default();
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct Session<'de> {
    model: Text<'de>,
    listening: Text<'de>,
}

impl<'de> Object<'de> for Session<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "model" => self.model = map.next_value()?,
            // The second one is the name that the beta had.
            "audio" | "input_audio_transcription" => {
                let listening: Maybe<Listening<'de>> = map.next_value()?;
                self.listening = listening.object().unwrap_or_default().0;
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// A model below `input` and `transcription`.
#[derive(Default)]
struct Listening<'de>(Text<'de>);

impl<'de> Object<'de> for Listening<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "model" => self.0 = map.next_value()?,
            "input" | "transcription" => {
                self.0 = map.next_value::<Maybe<Self>>()?.object().unwrap_or_default().0;
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct Message<'de> {
    kind: Text<'de>,
    model: Text<'de>,
    session: Envelope<'de>,
    response: Envelope<'de>,
    error: Typed<'de>,
    usage: Maybe<Usage>,
}

impl<'de> Object<'de> for Message<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.kind = map.next_value()?,
            "model" => self.model = map.next_value()?,
            "usage" => self.usage = map.next_value()?,
            "session" => self.session = envelope(map)?,
            "response" => self.response = envelope(map)?,
            "error" => {
                self.error = map.next_value::<Maybe<Typed<'de>>>()?.object().unwrap_or_default()
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

fn envelope<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Envelope<'de>, A::Error> {
    Ok(map.next_value::<Maybe<Envelope<'de>>>()?.object().unwrap_or_default())
}
