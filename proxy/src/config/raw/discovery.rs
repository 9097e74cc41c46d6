//! `[proxy.discovery]` as it is written.

use std::path::PathBuf;

use serde::Deserialize;

use super::{RawUsage, default_true};

/// `[proxy.discovery]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawDiscovery {
    /// Where weir-discovery's pages are: `http://HOST:PORT`, without a path.
    pub(in crate::config) url: String,
    /// File with the token that they ask for.
    pub(in crate::config) bearer_file: Option<PathBuf>,
    /// Certificates (PEM) to trust for an HTTPS URL; those of `proxy.tls_ca_file`, or else the system's,
    /// unless set.
    pub(in crate::config) tls_ca_file: Option<PathBuf>,
    /// Whether its certificate is checked.
    #[serde(default = "default_true")]
    pub(in crate::config) tls_verify: bool,
    /// `exact` or `observe`, of the routes that it names.
    #[serde(default)]
    pub(in crate::config) usage: RawUsage,
}
