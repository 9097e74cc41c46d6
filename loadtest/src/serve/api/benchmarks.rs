//! Runs: the list, and one of them.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::parameters::{path, query};
use crate::report::{Report, RunStatus};
use crate::serve::answer::{self, Refusal};
use crate::serve::site::Site;

const MOST: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wanted {
    /// At most [`MOST`].
    limit: usize,
    offset: usize,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { limit: 50, offset: 0 }
    }
}

#[derive(Serialize)]
struct Runs {
    runs: Vec<Report>,
    total: u64,
}

/// Newest first, without what there is much of.
pub(super) async fn list(
    State(site): State<Arc<Site>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Wanted { limit, offset } = query(wanted)?;
    let read = move |store: &crate::store::Store| {
        Ok(Runs { runs: store.list(limit.min(MOST), offset)?, total: store.count()? })
    };
    let answer = |found: Option<Runs>| {
        let mut found = found.unwrap_or(Runs { runs: Vec::new(), total: 0 });
        found.runs.iter_mut().for_each(say_if_dead);
        answer::bytes(&found)
    };
    Ok(answer::json(StatusCode::OK, site.store(read, answer).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    #[serde(default = "yes")]
    requests: bool,
}

fn yes() -> bool {
    true
}

pub(super) async fn one(
    State(site): State<Arc<Site>>,
    id: Result<Path<String>, PathRejection>,
    parts: Result<Query<Parts>, QueryRejection>,
) -> Result<Response, Refusal> {
    let id = path(id)?;
    let Parts { requests } = query(parts)?;
    let wanted = id.clone();
    let read = move |store: &crate::store::Store| match requests {
        true => store.get(&wanted),
        false => store.outline(&wanted),
    };
    let answer = move |found: Option<Option<Report>>| {
        let mut report = found.flatten().ok_or_else(|| Refusal::no_run(&id))?;
        say_if_dead(&mut report);
        answer::bytes(&report)
    };
    Ok(answer::json(StatusCode::OK, site.store(read, answer).await?))
}

/// A run that says that it is running, and was not written for long, has died.
pub(super) fn say_if_dead(report: &mut Report) {
    if report.is_stale(OffsetDateTime::now_utc()) {
        report.status = RunStatus::Failed;
        let words = "the load tester died before this run had ended: nothing was written since";
        report.warnings.push(format!("{words} {}", report.written_at));
    }
}
