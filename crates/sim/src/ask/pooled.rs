//! What a request for vectors or scores is about.

use serde_json::Value;

use crate::api::Api;

/// The items of one request and how their answer is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pooled {
    /// Texts to embed or classify, pairs to score, documents to rank; at least 1.
    pub(crate) items: usize,
    /// The items themselves, where the answer repeats them and they are texts.
    pub(crate) texts: Vec<String>,
    /// How many of the ranked documents are wanted; all, if `None`.
    pub(crate) top_n: Option<usize>,
    pub(crate) encoding: Encoding,
}

/// How vectors are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    #[default]
    Float,
    Base64,
    /// The body is bare floats; what JSON says elsewhere stands in the header `metadata`.
    Bytes,
    /// Bare floats and nothing else.
    BytesOnly,
}

impl Pooled {
    pub(super) fn read(api: Api, json: &Value) -> Self {
        let list = |names: &[&str]| {
            names.iter().find_map(|name| json.get(name)).unwrap_or(&Value::Null).clone()
        };
        let items = match api {
            Api::Embed => list(&["texts", "images", "inputs"]),
            Api::Rerank => json["documents"].clone(),
            Api::Score => {
                let firsts = list(&["text_1", "queries", "data_1"]);
                let seconds = list(&["text_2", "documents", "items", "data_2"]);
                if count(&seconds) > count(&firsts) { seconds } else { firsts }
            }
            _ => json["input"].clone(),
        };
        let repeats = matches!(api, Api::Embed | Api::Rerank);
        Self {
            items: count(&items),
            texts: if repeats { texts(&items) } else { Vec::new() },
            top_n: json["top_n"].as_u64().filter(|&n| n > 0).map(|n| n as usize),
            encoding: match json["encoding_format"].as_str() {
                Some("base64") => Encoding::Base64,
                Some("bytes") => Encoding::Bytes,
                Some("bytes_only") => Encoding::BytesOnly,
                _ => Encoding::Float,
            },
        }
    }
}

/// How many prompts or inputs: one, or as many as a list has, unless it is a list of token ids.
pub(super) fn count(value: &Value) -> usize {
    match value.as_array() {
        Some(list) if !list.is_empty() && !list[0].is_number() => list.len(),
        _ => 1,
    }
}

fn texts(items: &Value) -> Vec<String> {
    let one = |item: &Value| item.as_str().unwrap_or_default().to_owned();
    match items.as_array() {
        Some(list) => list.iter().map(one).collect(),
        None => vec![one(items)],
    }
}
