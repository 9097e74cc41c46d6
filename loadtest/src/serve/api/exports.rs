//! Files to be kept: a run as it is, and its answers for other programs.

mod fine_tuning;

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use serde::Deserialize;

use self::fine_tuning::Lines;
use super::label_studio::tasks;
use super::parameters::{path, query};
use crate::report::{Content, Report};
use crate::serve::answer::{self, Refusal};
use crate::serve::site::Site;
use crate::store::{ContentQuery, Store, StoreError};

const JSON: &str = "application/json";
/// <https://jsonlines.org>
const JSON_LINES: &str = "application/jsonl";

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Which {
    /// Only what somebody marked as good.
    gold: bool,
}

/// The whole run, as `weir-loadtest runs export` writes it.
pub(super) async fn run(
    State(site): State<Arc<Site>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let id = path(id)?;
    let report = |report: Report, contents| answer::bytes(&Report { contents, ..report });
    let body = whole(&site, &id, false, report).await?;
    Ok(answer::file(JSON, &name(&id, "json"), body))
}

/// Tasks for Label Studio's import.
pub(super) async fn label_studio(
    State(site): State<Arc<Site>>,
    id: Result<Path<String>, PathRejection>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refusal> {
    let id = path(id)?;
    let Which { gold } = query(which)?;
    let make = tasks(gold);
    let body = move |report, contents| answer::bytes(&make(report, contents)?);
    let body = whole(&site, &id, false, body).await?;
    Ok(answer::file(JSON, &name(&id, "label-studio.json"), body))
}

/// Lines for fine-tuning. `weir-left-out` says how many answers are not among them, since they are not whole.
pub(super) async fn fine_tuning(
    State(site): State<Arc<Site>>,
    id: Result<Path<String>, PathRejection>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Refusal> {
    let id = path(id)?;
    let Which { gold } = query(which)?;
    let lines = |_, contents: Vec<Content>| Lines::of(&contents);
    let Lines { text, left_out } = whole(&site, &id, gold, lines).await?;
    let mut answer = answer::file(JSON_LINES, &name(&id, "fine-tuning.jsonl"), text);
    let header = HeaderName::from_static("weir-left-out");
    answer.headers_mut().insert(header, HeaderValue::from(left_out));
    Ok(answer)
}

/// A run with its contents, as `make` wants it.
pub(super) async fn whole<T: Send + 'static>(
    site: &Site,
    id: &str,
    gold_only: bool,
    make: impl FnOnce(Report, Vec<Content>) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let (run, id) = (id.to_owned(), id.to_owned());
    let read = move |store: &Store| -> Result<_, StoreError> {
        let Some(report) = store.get(&run)? else { return Ok(None) };
        let all = ContentQuery { gold_only, limit: usize::MAX, ..ContentQuery::default() };
        Ok(Some((report, store.contents(&run, &all)?.1)))
    };
    let answer = move |found: Option<Option<(Report, Vec<Content>)>>| {
        let (report, contents) = found.flatten().ok_or_else(|| Refusal::no_run(&id))?;
        make(report, contents)
    };
    site.store(read, answer).await
}

/// Ids of imported runs may be odd: what a file's name should not have is left out.
fn name(id: &str, ending: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let id: String = id.chars().filter(plain).take(64).collect();
    format!("weir-{id}.{ending}")
}
