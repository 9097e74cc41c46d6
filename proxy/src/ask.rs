//! Asking a server for something over HTTP, as the proxy itself: straight to it, bounded in time and size.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Client, Response};

/// For the whole of an answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Longest answer that is read.
const LIMIT: usize = 1 << 20;

/// Why no answer came. It is shown to operators: neither a secret nor the answer is in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("reading {}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("GET {path} was answered with status {status}")]
    Status { path: &'static str, status: u16 },
    #[error("GET {path}: {}", why(source))]
    Http { path: &'static str, source: reqwest::Error },
    #[error("GET {path}: the answer is larger than {LIMIT} bytes")]
    TooLarge { path: &'static str },
    #[error("setting up TLS: {}", why(.0))]
    Tls(reqwest::Error),
}

/// What lies at the bottom of it: "Connection refused" rather than "error sending request".
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {TIMEOUT:?}");
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Goes straight to the server and nowhere else, least of all with a key. `authorities`: certificates
/// (PEM) to trust instead of the system's.
pub(crate) fn client(authorities: Option<&Path>, verify: bool) -> Result<Client, AskError> {
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .tls_danger_accept_invalid_certs(!verify);
    if let Some(path) = authorities {
        let pem = std::fs::read(path)
            .map_err(|source| AskError::File { path: path.to_owned(), source })?;
        let trusted = Certificate::from_pem_bundle(&pem).map_err(AskError::Tls)?;
        builder = builder.tls_certs_only(trusted);
    }
    builder.build().map_err(AskError::Tls)
}

/// The line of a file with a secret, as it is now.
pub(crate) async fn secret(path: &Path) -> Result<String, AskError> {
    let read = tokio::fs::read_to_string(path).await;
    let text = read.map_err(|source| AskError::File { path: path.to_owned(), source })?;
    Ok(text.trim().to_owned())
}

/// The body of an answer, if that is a good one; `path` is what was asked for.
pub(crate) async fn body(mut answer: Response, path: &'static str) -> Result<Vec<u8>, AskError> {
    if !answer.status().is_success() {
        return Err(AskError::Status { path, status: answer.status().as_u16() });
    }
    let mut body = Vec::new();
    while let Some(piece) =
        answer.chunk().await.map_err(|source| AskError::Http { path, source })?
    {
        if body.len() + piece.len() > LIMIT {
            return Err(AskError::TooLarge { path });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
