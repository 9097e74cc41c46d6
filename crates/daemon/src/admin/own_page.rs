//! Pages that a daemon has beside the common ones.

use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::pages::page;

/// An answer of a page of a daemon's own.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnPage {
    status: StatusCode,
    body: Value,
    /// With quotes.
    etag: Option<String>,
}

impl OwnPage {
    /// 200 with this JSON.
    pub fn new(body: Value) -> Self {
        Self { status: StatusCode::OK, body, etag: None }
    }

    /// 503: what is asked for is not known now, and why, in words for the operator.
    pub fn unavailable(reason: &str) -> Self {
        let body = serde_json::json!({"error": reason});
        Self { status: StatusCode::SERVICE_UNAVAILABLE, body, etag: None }
    }

    /// The same with what tells versions of it apart (RFC 9110, section 8.8.3), quotes left out: visible
    /// ASCII. Whoever has this version is answered 304.
    #[must_use]
    pub fn with_etag(self, version: &str) -> Self {
        Self { etag: Some(format!("\"{version}\"")), ..self }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The JSON.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// The answer to a request with these headers.
    pub(super) fn answer(&self, headers: &HeaderMap) -> Response {
        let mut answer = match &self.etag {
            Some(etag) if is_known(headers, etag) => StatusCode::NOT_MODIFIED.into_response(),
            _ => page(self.status, &self.body),
        };
        if let Some(Ok(etag)) = self.etag.as_ref().map(|etag| etag.parse()) {
            answer.headers_mut().insert(header::ETAG, etag);
        }
        answer
    }
}

/// GET and HEAD are all that pages answer.
pub(super) fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whether whoever asks has the version with this etag, quotes included. Compared weakly, as `If-None-Match` wants it.
pub fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    })
}
