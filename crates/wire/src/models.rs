//! The names in an answer to `GET /v1/models`.

use serde::de::MapAccess;

use crate::lenient::{List, Maybe, Object, Text, skip};
use crate::lossy;

#[derive(Default)]
struct Listing<'de> {
    data: List<Card<'de>>,
}

#[derive(Default)]
struct Card<'de> {
    id: Text<'de>,
}

impl<'de> Object<'de> for Listing<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "data" => self.data = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'de> Object<'de> for Card<'de> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "id" => self.id = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// Model names in a list of models, as OpenAI, vLLM and LiteLLM answer `GET /v1/models`:
/// `{"data":[{"id":"name"},…]}`. Anything else has none.
///
/// ```
/// let body = br#"{"object":"list","data":[{"id":"tiny","object":"model"},{"id":"tiny-lora"}]}"#;
/// assert_eq!(weir_wire::listed_models(body), ["tiny", "tiny-lora"]);
/// ```
pub fn listed_models(body: &[u8]) -> Vec<String> {
    names(body).or_else(|| names(&lossy::mended(body)?)).unwrap_or_default()
}

fn names(body: &[u8]) -> Option<Vec<String>> {
    let listing = serde_json::from_slice::<Maybe<Listing<'_>>>(body).ok()?.object();
    let cards = listing.map(|listing| listing.data.0).unwrap_or_default();
    Some(cards.into_iter().filter_map(|card| card.id.0.map(String::from)).collect())
}
