//! Answers of the API, and refusals in words.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use super::overview::in_words;
use crate::store::StoreError;

/// Why a request is not answered: a status and words for whoever asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) words: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, words: impl Into<String>) -> Self {
        Self { status, words: words.into() }
    }

    /// What was asked cannot be understood.
    pub(super) fn wrong(words: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, words)
    }

    pub(super) fn no_run(id: &str) -> Self {
        let id: String = id.chars().take(64).collect();
        Self::new(StatusCode::NOT_FOUND, format!("there is no run {id:?} in the store"))
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, in_words(&error))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        json(self.status, json!({"error": self.words}).to_string().into_bytes())
    }
}

/// 200 with this as JSON. For small things: large ones are made where blocking is allowed, see [`bytes()`].
pub(super) fn value(value: &impl Serialize) -> Result<Response, Refusal> {
    Ok(json(StatusCode::OK, bytes(value)?))
}

/// Something as JSON.
pub(super) fn bytes(value: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    let failed = |error| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("writing the answer: {error}"))
    };
    serde_json::to_vec(value).map_err(failed)
}

/// An answer that is JSON already.
pub(super) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

/// A file to be kept. `name` needs no quoting: letters, digits, `.`, `_` and `-`.
pub(super) fn file(content_type: &'static str, name: &str, body: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, body).into_response()
}
