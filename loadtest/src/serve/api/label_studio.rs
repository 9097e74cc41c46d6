//! Answers brought to Label Studio.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::exports::whole;
use super::parameters::{body, path};
use crate::label_studio;
use crate::report::{Content, Report};
use crate::serve::answer::{self, Refusal};
use crate::serve::site::Site;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    gold_only: bool,
}

/// What makes tasks of a run.
pub(super) fn tasks(
    gold_only: bool,
) -> impl FnOnce(Report, Vec<Content>) -> Result<Vec<Value>, Refusal> {
    let make = if gold_only { label_studio::gold_tasks } else { label_studio::tasks };
    move |report, contents| Ok(make(&report, &contents))
}

pub(super) async fn push(
    State(site): State<Arc<Site>>,
    id: Result<Path<String>, PathRejection>,
    sent: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let id = path(id)?;
    let Wanted { gold_only } = body(sent)?;
    let Some(config) = site.label_studio.clone() else {
        let words = "no Label Studio is configured: [loadtest.label_studio]";
        return Err(Refusal::new(StatusCode::CONFLICT, words));
    };
    let tasks = whole(&site, &id, false, tasks(gold_only)).await?;
    if tasks.is_empty() {
        let words = match gold_only {
            true => "no answer of this run is marked as gold",
            false => "nothing was kept of this run's answers: run it with --capture",
        };
        return Err(Refusal::new(StatusCode::CONFLICT, words));
    }
    // It goes on if whoever asked leaves.
    let pushing = tokio::spawn(async move { label_studio::push(&config, &tasks).await });
    let failed = |why: String| Refusal::new(StatusCode::BAD_GATEWAY, why);
    match pushing.await {
        Ok(Ok(pushed)) => answer::value(&json!({
            "pushed": pushed.count,
            "already": pushed.already,
            "url": pushed.url.as_str(),
        })),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed("the push did not come to an end".to_owned())),
    }
}
