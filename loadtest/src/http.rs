//! The HTTP client of everything here.

use reqwest::{Client, ClientBuilder};

/// A client that asks nobody's proxy: what is asked here is measured.
pub(crate) fn client() -> ClientBuilder {
    // Another provider in place is as good.
    let _already = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy()
}
