//! What the server says over a realtime WebSocket.
//!
//! Sources: OpenAI's
//! [realtime server events](https://platform.openai.com/docs/api-reference/realtime-server-events);
//! vLLM's `entrypoints/openai/realtime` (0.16 on). Usage is told per answer, so it is summed.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::{Envelope, Malformed};
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
}

pub(crate) fn message(data: &[u8]) -> Result<Said<'_>, Malformed> {
    let message = serde_json::from_slice::<Maybe<Message<'_>>>(data).map_err(|_| Malformed)?;
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
        "error" => Said { error: true, ..Said::default() },
        _ => Said { model, ..Said::default() },
    })
}

/// The model that a client's message asks for: vLLM's `session.update` has it on top, OpenAI's in
/// `session` or, for transcriptions, in `session.audio.input.transcription`.
pub(crate) fn model_asked_for(data: &[u8]) -> Option<Cow<'_, str>> {
    let message = serde_json::from_slice::<Maybe<Asked<'_>>>(data).ok()?.object()?;
    message.model.0.or(message.session.0.0)
}

#[derive(Default)]
struct Asked<'de> {
    model: Text<'de>,
    session: Inner<'de>,
}

impl<'de> Object<'de> for Asked<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "model" => self.model = map.next_value()?,
            "session" => {
                self.session = map.next_value::<Maybe<Inner<'de>>>()?.object().unwrap_or_default();
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// A model at any depth below `audio`, `input` and `transcription`.
#[derive(Default)]
struct Inner<'de>(Text<'de>);

impl<'de> Object<'de> for Inner<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "model" => self.0 = map.next_value()?,
            "audio" | "input" | "transcription" | "input_audio_transcription" => {
                let deeper = map.next_value::<Maybe<Self>>()?.object().unwrap_or_default();
                self.0.0 = self.0.0.take().or(deeper.0.0);
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
            _ => skip(map)?,
        }
        Ok(())
    }
}

fn envelope<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Envelope<'de>, A::Error> {
    Ok(map.next_value::<Maybe<Envelope<'de>>>()?.object().unwrap_or_default())
}
