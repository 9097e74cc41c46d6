//! `[[proxy.prices]]` as they are written, and where costs are counted.

use serde::Deserialize;

/// `[[proxy.prices]]`: US dollars for a million tokens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawPrice {
    /// As requests name it, or the beginning of such names and `*`.
    pub(in crate::config) model: String,
    /// The only route where it counts; all of them unless set.
    pub(in crate::config) route: Option<String>,
    /// Of prompt tokens.
    pub(in crate::config) input: f64,
    /// Of generated tokens, reasoning included.
    pub(in crate::config) output: f64,
    /// Of prompt tokens read from a cache; as `input` unless set.
    pub(in crate::config) cached_input: Option<f64>,
    /// Of prompt tokens written to a cache; as `input` unless set.
    pub(in crate::config) cache_write_input: Option<f64>,
}

/// `edge`, `engine` or `off`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum RawCost {
    Edge,
    Engine,
    Off,
}
