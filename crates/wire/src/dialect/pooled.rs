//! Answers that are one JSON object of vectors or scores: embeddings, rerank, score, classify, pooling.
//!
//! Sources: OpenAI's embeddings; vLLM's `entrypoints/pooling/*/protocol.py`; Cohere's
//! [rerank](https://docs.cohere.com/reference/rerank) and
//! [embed](https://docs.cohere.com/reference/embed), which have `meta` in place of `usage`.

use serde::de::MapAccess;

use super::{ERROR, Envelope, MODEL, OBJECT, Reading, USAGE, member};
use crate::lenient::{Count, Maybe, Object, skip};
use crate::members::Members;
use crate::usage::Usage;
use crate::wanted::Wanted;

pub(super) const BODY: &[Wanted] =
    &[MODEL, USAGE, ERROR, OBJECT, Wanted { name: "meta", limit: 16 << 10 }];

pub(super) fn body(members: &Members) -> Reading<'_> {
    let meta = member::<Maybe<Meta>>(members, "meta").and_then(Maybe::object).unwrap_or_default();
    // `tokens` is what was read, `billed_units` what is paid for.
    let told = meta.tokens.input().or_else(|| meta.billed_units.input());
    let usage = told.map_or(Maybe::Absent, |tokens| Maybe::Object(Usage::of_input(tokens)));
    Reading { usage, ..Reading::default() }
}

/// vLLM's header `metadata`, which stands for the body's members where the body is bare bytes.
pub(crate) fn metadata(header: &str) -> Option<Reading<'_>> {
    let said = serde_json::from_str::<Maybe<Envelope<'_>>>(header).ok()?.object()?;
    Some(Reading { usage: said.usage, model: said.model.0, ..Reading::default() })
}

/// Cohere's.
#[derive(Default)]
struct Meta {
    tokens: Units,
    billed_units: Units,
}

impl<'de> Object<'de> for Meta {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let units = match name {
            "tokens" => &mut self.tokens,
            "billed_units" => &mut self.billed_units,
            _ => return skip(map),
        };
        *units = map.next_value::<Maybe<Units>>()?.object().unwrap_or_default();
        Ok(())
    }
}

#[derive(Default)]
struct Units {
    text: Count,
    image: Count,
    /// LiteLLM's.
    total: Count,
}

impl Units {
    fn input(&self) -> Option<u64> {
        let parts = [self.text.0, self.image.0].into_iter().flatten().reduce(u64::saturating_add);
        parts.or(self.total.0)
    }
}

impl<'de> Object<'de> for Units {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "input_tokens" => self.text = map.next_value()?,
            "image_tokens" => self.image = map.next_value()?,
            "total_tokens" => self.total = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}
