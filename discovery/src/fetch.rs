//! Asking servers over HTTP: bounded in time and size, straight to the server and nowhere else.

mod credentials;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Certificate, Client, Url};

pub use credentials::{Credentials, Secret};

/// How a server is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// Its base, to which paths are added.
    pub url: Url,
    /// What it wants to be shown.
    pub credentials: Credentials,
    /// Certificates (PEM) to trust instead of the system's.
    pub tls_ca_file: Option<PathBuf>,
    /// Whether its certificate is checked.
    pub tls_verify: bool,
    /// For the whole of an answer.
    pub timeout: Duration,
    /// Longest answer, in bytes.
    pub limit: usize,
}

/// A server that can be asked.
#[derive(Clone, Debug)]
pub struct Server {
    reach: Reach,
    client: Client,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header `content-type`.
    pub content_type: Option<String>,
    /// The header `retry-after`, if it is a number of seconds.
    pub retry_after: Option<Duration>,
    /// All of the body.
    pub body: Bytes,
}

/// Why there is no answer. In words for operators: no secret and no text of the server is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A file with a secret or a certificate can't be used.
    #[error("reading {}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificates of `tls_ca_file` can't be used, or no client can be made of them.
    #[error("setting up TLS: {0}")]
    Tls(String),
    /// Nobody listens, or not to us.
    #[error("GET {path}: {reason}")]
    Http {
        /// What was asked for.
        path: String,
        /// What lies at the bottom of it.
        reason: String,
        /// Whether no connection came about.
        refused: bool,
    },
    /// It took too long.
    #[error("GET {path}: no answer within {timeout:?}")]
    Timeout {
        /// What was asked for.
        path: String,
        /// The bound.
        timeout: Duration,
    },
    /// The answer is longer than is read.
    #[error("GET {path}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        path: String,
        /// The bound.
        limit: usize,
    },
    /// The answer is not what was asked for.
    #[error("GET {path}: answered with status {status}")]
    Status {
        /// What was asked for.
        path: String,
        /// The status code.
        status: u16,
    },
    /// The body can't be read as what it should be.
    #[error("GET {path}: {what}")]
    Unreadable {
        /// What was asked for.
        path: String,
        /// What is wrong with it.
        what: String,
    },
}

impl Reach {
    /// How an open server is reached over plain HTTP.
    pub fn open(url: Url, timeout: Duration, limit: usize) -> Self {
        let credentials = Credentials::None;
        Self { url, credentials, tls_ca_file: None, tls_verify: true, timeout, limit }
    }
}

impl Server {
    /// # Errors
    /// Where the certificates to trust can't be read.
    pub fn new(reach: Reach) -> Result<Self, FetchError> {
        // A redirect or a proxy could take the credentials elsewhere.
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // One that is kept may be closed as it is used again, vLLM's after 5 s: then the server seems down.
            .pool_max_idle_per_host(0)
            .connect_timeout(reach.timeout)
            .timeout(reach.timeout)
            .user_agent(concat!("weir-discovery/", env!("CARGO_PKG_VERSION")))
            .tls_danger_accept_invalid_certs(!reach.tls_verify);
        if let Some(path) = &reach.tls_ca_file {
            let pem = std::fs::read(path)
                .map_err(|source| FetchError::File { path: path.clone(), source })?;
            let trusted = Certificate::from_pem_bundle(&pem).map_err(tls)?;
            if trusted.is_empty() {
                return Err(FetchError::Tls(format!("{} holds no certificate", path.display())));
            }
            builder = builder.tls_certs_only(trusted);
        }
        let client = builder.build().map_err(tls)?;
        Ok(Self { reach, client })
    }

    /// How it is reached.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Asks for a path, with the query in it, below the base.
    ///
    /// # Errors
    /// Where no whole answer comes; one with a bad status is an answer.
    pub async fn get(&self, path: &str) -> Result<Answer, FetchError> {
        self.get_as(path, "application/json").await
    }

    /// The same, with what is accepted.
    ///
    /// # Errors
    /// As [`Server::get`].
    pub async fn get_as(&self, path: &str, accept: &str) -> Result<Answer, FetchError> {
        let shown = path.split('?').next().unwrap_or(path);
        let base = self.reach.url.as_str().trim_end_matches('/');
        let request = self.client.get(format!("{base}{path}")).header(ACCEPT, accept);
        let request = self.reach.credentials.show(request).await?;
        let failed = |error: reqwest::Error| self.failed(shown, &error);
        let mut answer = request.send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            if body.len() + piece.len() > self.reach.limit {
                let limit = self.reach.limit;
                return Err(FetchError::TooLarge { path: shown.to_owned(), limit });
            }
            body.extend_from_slice(&piece);
        }
        let text = |name| text(answer.headers(), name);
        Ok(Answer {
            status: answer.status().as_u16(),
            content_type: text(CONTENT_TYPE),
            retry_after: text(RETRY_AFTER)
                .and_then(|seconds| seconds.trim().parse().ok())
                .map(Duration::from_secs),
            body: body.into(),
        })
    }

    fn failed(&self, path: &str, error: &reqwest::Error) -> FetchError {
        let path = path.to_owned();
        if error.is_timeout() {
            return FetchError::Timeout { path, timeout: self.reach.timeout };
        }
        let mut innermost: &dyn std::error::Error = error;
        let mut is_heard = false;
        while let Some(source) = innermost.source() {
            innermost = source;
            is_heard |= innermost.downcast_ref().is_some_and(is_of_tls);
        }
        let refused = error.is_connect() && !is_heard;
        FetchError::Http { path, reason: innermost.to_string(), refused }
    }
}

impl Answer {
    /// The JSON of a 200 answer. `path` is what was asked for, for the error.
    ///
    /// # Errors
    /// On another status, and on what is not JSON of this shape.
    pub fn json<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, FetchError> {
        let path = path.split('?').next().unwrap_or(path).to_owned();
        if self.status != 200 {
            return Err(FetchError::Status { path, status: self.status });
        }
        // serde's own message can quote the document.
        serde_json::from_slice(&self.body).map_err(|error| FetchError::Unreadable {
            path,
            what: format!(
                "the answer is not the JSON that was expected (line {}, column {})",
                error.line(),
                error.column()
            ),
        })
    }
}

fn tls(error: reqwest::Error) -> FetchError {
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    FetchError::Tls(innermost.to_string())
}

/// Whether somebody listens there, whose TLS is no good.
fn is_of_tls(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|inner| {
        inner.is::<rustls::Error>() || inner.downcast_ref().is_some_and(is_of_tls)
    })
}

fn text(headers: &HeaderMap, name: reqwest::header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests;
