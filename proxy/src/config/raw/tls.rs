//! `[proxy.tls.edge]` and `[proxy.tls.engine]` as they are written.

use std::path::PathBuf;

use serde::Deserialize;

/// `[proxy.tls]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawTls {
    /// Of the edge listener.
    pub(in crate::config) edge: Option<RawListenerTls>,
    /// Of the engine listener.
    pub(in crate::config) engine: Option<RawListenerTls>,
}

/// How a listener speaks TLS.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawListenerTls {
    /// The listener's certificate and those that vouch for it (PEM), its own first.
    pub(in crate::config) certificate: PathBuf,
    /// Its private key (PEM).
    pub(in crate::config) key: PathBuf,
    /// Certificates (PEM) of which a client's must be issued; without, clients need none.
    pub(in crate::config) client_ca: Option<PathBuf>,
}
