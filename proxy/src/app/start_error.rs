//! Why the proxy could not start.

use std::net::SocketAddr;
use std::path::PathBuf;

use weir_daemon::admin::AdminError;

use crate::door::TlsError;

/// Why the proxy could not start, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address can't be listened on.
    #[error(
        "cannot listen on {address} for the {listener} listener: {source}; free the address or choose another one"
    )]
    Listen {
        /// `edge` or `engine`.
        listener: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificates to trust can't be used.
    #[error(
        "reading the certificates to trust ({key}) from {path}: {why} (name a file of PEM certificates)"
    )]
    Certificates {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A listener can't speak TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The admin endpoints could not be started.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// Threads or signal handlers could not be had from the system.
    #[error("starting threads: {0}")]
    System(#[from] std::io::Error),
}
