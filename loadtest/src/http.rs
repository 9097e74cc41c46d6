//! The HTTP client of everything here.

use reqwest::{Client, ClientBuilder, Response, Url};

use crate::healthcheck::innermost;

/// A client that asks nobody's proxy: what is asked here is measured.
pub(crate) fn client() -> ClientBuilder {
    // Another provider in place is as good.
    let _already = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy()
}

/// A target without a slash at its end, and without the `/v1` that clients' `base_url` ends with.
pub(crate) fn base(target: &Url) -> &str {
    let base = target.as_str().trim_end_matches('/');
    base.strip_suffix("/v1").unwrap_or(base)
}

/// The body of an answer, if it is no longer than `most` bytes; else, or if it breaks off, why not.
pub(crate) async fn body(mut answer: Response, most: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| innermost(&error))? {
        if body.len() + piece.len() > most {
            return Err(format!("the answer is longer than {} KiB", most >> 10));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
