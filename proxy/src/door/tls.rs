//! TLS of a listener: its certificate, and which clients it trusts; both can be read again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::TlsAcceptor;

use crate::config::ListenerTls;
use crate::pem_file;

/// The protocols that a client may choose from, the better first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why a listener can't speak TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be used.
    #[error("reading the {what} from {}: {why} (name a PEM file that holds one)", path.display())]
    File {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The files can be read, and do not go together.
    #[error("the certificate {} and the key {} can't be used together: {source}", certificate.display(), key.display())]
    Together {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls said.
        source: rustls::Error,
    },
}

/// A listener's TLS.
pub(crate) struct Tls {
    files: ListenerTls,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    pub(crate) fn load(files: &ListenerTls) -> Result<Arc<Self>, TlsError> {
        let config = RwLock::new(read(files)?);
        Ok(Arc::new(Self { files: files.clone(), config }))
    }

    pub(crate) fn files(&self) -> &ListenerTls {
        &self.files
    }

    /// Reads the files again; what they hold is in force once [`Self::apply`] is called.
    pub(crate) fn read_again(&self) -> Result<Arc<ServerConfig>, TlsError> {
        read(&self.files)
    }

    /// For connections that come from now on.
    pub(crate) fn apply(&self, config: Arc<ServerConfig>) {
        *self.config.write() = config;
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config.read()))
    }
}

fn read(files: &ListenerTls) -> Result<Arc<ServerConfig>, TlsError> {
    let ListenerTls { certificate, key, client_ca } = files;
    let chain = pem_file::certificates(certificate).map_err(of("certificate", certificate))?;
    let private = pem_file::private_key(key).map_err(of("private key", key))?;
    let builder = ServerConfig::builder();
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            const WHAT: &str = "certificates that clients' are issued by";
            let roots = pem_file::roots(path).map_err(of(WHAT, path))?;
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
            let verifier = verifier.map_err(|error| of(WHAT, path)(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, private).map_err(|source| {
        TlsError::Together { certificate: certificate.clone(), key: key.clone(), source }
    })?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config))
}

fn of(what: &'static str, path: &Path) -> impl Fn(String) -> TlsError {
    move |why| TlsError::File { what, path: path.to_owned(), why }
}
