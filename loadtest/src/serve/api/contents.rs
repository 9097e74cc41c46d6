//! Prompts and answers of a run.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::parameters::{body, path, query};
use crate::report::Content;
use crate::serve::answer::{self, Refusal};
use crate::serve::site::Site;
use crate::store::{ContentQuery, Store};

const MOST: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wanted {
    search: String,
    model: String,
    gold: bool,
    offset: usize,
    /// At most [`MOST`].
    limit: usize,
}

impl Default for Wanted {
    fn default() -> Self {
        let (search, model) = (String::new(), String::new());
        Self { search, model, gold: false, offset: 0, limit: 100 }
    }
}

#[derive(Serialize)]
struct Found {
    total: u64,
    contents: Vec<Content>,
}

pub(super) async fn list(
    State(site): State<Arc<Site>>,
    id: Result<Path<String>, PathRejection>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Refusal> {
    let id = path(id)?;
    let Wanted { search, model, gold, offset, limit } = query(wanted)?;
    let model = (!model.is_empty()).then_some(model);
    let wanted = ContentQuery { search, model, gold_only: gold, offset, limit: limit.min(MOST) };
    let run = id.clone();
    let read = move |store: &Store| {
        let (total, contents) = store.contents(&run, &wanted)?;
        // Nothing was kept of most runs.
        let is_there = total > 0 || store.has(&run)?;
        Ok(is_there.then_some(Found { total, contents }))
    };
    let answer = move |found: Option<Option<Found>>| {
        answer::bytes(&found.flatten().ok_or_else(|| Refusal::no_run(&id))?)
    };
    Ok(answer::json(StatusCode::OK, site.store(read, answer).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    gold: bool,
}

/// Marks an answer as a good example, or not.
pub(super) async fn set_gold(
    State(site): State<Arc<Site>>,
    named: Result<Path<(String, String)>, PathRejection>,
    sent: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let (id, request) = path(named)?;
    let Mark { gold } = body(sent)?;
    let number: u64 = request.parse().map_err(|_| {
        Refusal::wrong("expected the number of a request: /api/benchmarks/ID/contents/NUMBER/gold")
    })?;
    let run = id.clone();
    let mark = move |store: &Store| store.set_gold(&run, number, gold);
    let answer = move |marked: Option<bool>| match marked {
        Some(true) => answer::bytes(&json!({"request": number, "gold": gold})),
        _ => {
            let words =
                format!("{}, or no answer to its request {number}", Refusal::no_run(&id).words);
            Err(Refusal::new(StatusCode::NOT_FOUND, words))
        }
    };
    Ok(answer::json(StatusCode::OK, site.store(mark, answer).await?))
}
