//! APIs that have no dialect of their own: what most of them say at the top of an answer or of an
//! event. Their tokens are counted where they say so; nothing can be said of first tokens and ends.
//!
//! Seen: vLLM's `/inference/v1/generate` and `/v1/decisions` (`usage`), TGI's and SGLang's native
//! streams (`error`), image generation (`usage`).

use serde::de::MapAccess;

use super::{ERROR, MODEL, Malformed, OBJECT, Reading, USAGE};
use crate::lenient::{Filled, Maybe, Object, Text, skip};
use crate::usage::Usage;
use crate::wanted::Wanted;

pub(super) const BODY: &[Wanted] = &[MODEL, USAGE, ERROR, OBJECT];

/// What is read are `model`, `usage` and `error`; of all others these are known to change.
pub(super) const OPEN: &[&str] = &["token_ids", "text", "index", "created"];

pub(super) fn event(data: &[u8]) -> Result<Reading<'_>, Malformed> {
    // Events of an unknown API need be neither JSON nor objects.
    let event = super::json::<Maybe<Event<'_>>>(data).unwrap_or_default();
    let event = event.object().unwrap_or_default();
    Ok(Reading {
        error: event.error,
        usage: event.usage,
        model: event.model.0,
        ..Reading::default()
    })
}

#[derive(Default)]
struct Event<'de> {
    model: Text<'de>,
    usage: Maybe<Usage>,
    error: bool,
}

impl<'de> Object<'de> for Event<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "model" => self.model = map.next_value()?,
            "usage" => self.usage = map.next_value()?,
            "error" => self.error = map.next_value::<Filled>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}
