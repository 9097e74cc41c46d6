//! What `GET /model/info` answers, as far as it is read. Keys of providers can be in it; they stay there.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, de};

/// More rows are counted and not kept. A wildcard alone brings hundreds.
const MOST_ROWS: usize = 20_000;

/// The answer.
#[derive(Debug, Deserialize)]
pub(super) struct ModelInfo {
    pub(super) data: Rows,
}

/// Rows, and how many there were beyond those.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    pub(super) left_out: usize,
}

/// A deployment, or one of the models that a wildcard stands for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Row {
    #[serde(default, deserialize_with = "text")]
    pub(super) model_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) litellm_params: Params,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) model_info: Info,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Params {
    #[serde(default, deserialize_with = "text")]
    pub(super) model: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(super) custom_llm_provider: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(super) api_base: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Info {
    #[serde(default, deserialize_with = "text")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(super) litellm_provider: Option<String>,
}

/// What it should be, or anything else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Or<T> {
    Expected(T),
    #[allow(dead_code, reason = "it is passed over")]
    Other(IgnoredAny),
}

fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(match Or::deserialize(deserializer)? {
        Or::Expected(value) => value,
        Or::Other(_) => T::default(),
    })
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    lenient(deserializer)
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowsVisitor)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Rows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of deployments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Rows, A::Error> {
        let mut rows = Rows::default();
        while rows.rows.len() < MOST_ROWS {
            match list.next_element()? {
                Some(Or::Expected(row)) => rows.rows.push(row),
                Some(Or::Other(_)) => rows.left_out += 1,
                None => return Ok(rows),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            rows.left_out += 1;
        }
        Ok(rows)
    }

    /// An answer without any deployment.
    fn visit_unit<E: de::Error>(self) -> Result<Rows, E> {
        Ok(Rows::default())
    }
}
