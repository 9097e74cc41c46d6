//! `[[proxy.keys]]` and `[proxy.clients]` as they are written, and the choices of a route's access.

use std::path::PathBuf;

use serde::Deserialize;

/// `[[proxy.keys]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawKey {
    /// What the key is called: a label, and the name in a route's `allow_keys`.
    pub(in crate::config) alias: String,
    /// SHA-256 of the key, 64 hexadecimal digits: `printf %s "$KEY" | sha256sum`.
    pub(in crate::config) sha256: String,
    /// How often it may be used: `60/minute`; also `second`, `hour`, `day`.
    pub(in crate::config) rate: Option<String>,
}

/// `[proxy.clients]`; the defaults are those of [`Clients`](crate::config::Clients).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawClients {
    /// `off`, `alias` or `hash`: whether requests and tokens are counted by client, and what clients
    /// are called.
    pub(in crate::config) metrics: RawClientMetrics,
    /// File with the secret for `hash`, at least 16 bytes.
    pub(in crate::config) hash_secret_file: Option<PathBuf>,
    /// Most hashes that are told apart.
    pub(in crate::config) max: Option<usize>,
}

/// `off`, `alias` or `hash`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum RawClientMetrics {
    #[default]
    Off,
    Alias,
    Hash,
}

/// `open` or `keys`
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum RawAccess {
    Open,
    Keys,
}
