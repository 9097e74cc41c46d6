//! Transcriptions, translations and speech.
//!
//! Sources: OpenAI's [audio reference](https://platform.openai.com/docs/api-reference/audio); vLLM's
//! `entrypoints/openai/speech_to_text`, whose events are made of `choices`.

use serde::de::MapAccess;

use super::{ERROR, MODEL, Malformed, OBJECT, Reading, USAGE, choices, member};
use crate::lenient::{Filled, Maybe, Number, Object, Text, skip};
use crate::members::Members;
use crate::usage::Usage;
use crate::wanted::Wanted;

pub(super) const BODY: &[Wanted] =
    &[MODEL, USAGE, ERROR, OBJECT, Wanted { name: "duration", limit: 64 }];

/// Of OpenAI's events, and of those that are made of `choices`.
pub(super) const OPEN: &[&str] =
    &["delta", "audio", "audio_data", "sequence_number", "content", "text", "token_ids", "created"];

pub(super) fn event<'a>(name: &[u8], data: &'a [u8]) -> Result<Reading<'a>, Malformed> {
    let event = super::json::<Maybe<Event<'_>>>(data)?;
    let event = event.object().ok_or(Malformed)?;
    let kind = match &event.kind.0 {
        Some(kind) => kind.as_ref(),
        None => std::str::from_utf8(name).unwrap_or_default(),
    };
    let (is_delta, is_done) = (kind.ends_with(".delta"), kind.ends_with(".done"));
    // vLLM's and SGLang's: they have no type.
    if event.has_choices {
        return choices::event(data, false);
    }
    Ok(Reading {
        answer: is_delta && event.piece,
        terminal: is_done,
        // vLLM-omni: `speech.audio.error`.
        error: event.error || kind.ends_with("error") || event.object.as_str() == "error",
        usage: event.usage,
        ..Reading::default()
    })
}

pub(super) fn body(members: &Members) -> Reading<'_> {
    // Seconds: a number, in vLLM's and OpenAI's older answers the text of one.
    let number = member::<Number>(members, "duration").and_then(Number::audio);
    let text = || Number(super::text(members, "duration")?.parse().ok()).audio();
    Reading { audio: number.or_else(text), ..Reading::default() }
}

/// `transcript.text.delta`, `speech.audio.delta` and their `.done`.
#[derive(Default)]
struct Event<'de> {
    kind: Text<'de>,
    object: Text<'de>,
    piece: bool,
    has_choices: bool,
    usage: Maybe<Usage>,
    error: bool,
}

impl<'de> Object<'de> for Event<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.kind = map.next_value()?,
            "object" => self.object = map.next_value()?,
            // `audio_data` is Mistral's.
            "delta" | "audio" | "audio_data" => self.piece |= map.next_value::<Filled>()?.0,
            "choices" => {
                self.has_choices = true;
                skip(map)?;
            }
            "usage" => self.usage = map.next_value()?,
            "error" => self.error = map.next_value::<Filled>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}
