//! What requests say, with words for what cannot be understood.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use serde::de::DeserializeOwned;

use super::super::answer::Refusal;

/// Parts of the path.
pub(super) fn path<T>(path: Result<Path<T>, PathRejection>) -> Result<T, Refusal> {
    path.map(|Path(value)| value).map_err(|wrong| Refusal::new(wrong.status(), wrong.body_text()))
}

/// A query string.
pub(super) fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    query.map(|Query(value)| value).map_err(|wrong| Refusal::wrong(wrong.body_text()))
}

/// A body of JSON.
pub(super) fn body<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Refusal> {
    let body = body.map_err(|wrong| Refusal::new(wrong.status(), wrong.body_text()))?;
    serde_json::from_slice(&body).map_err(|wrong| Refusal::wrong(format!("the body: {wrong}")))
}
