//! Asking LangFuse: statuses become troubles, bodies become rows.

use bytes::Bytes;
use serde_json::Value;

use super::api::Api;
use super::project::Scope;
use super::query::{Question, path};
use super::rows::{
    ModelUsage, NumericScore, Table, Unreadable, categorical_scores, counts, daily, models,
    numeric_scores, total,
};
use super::text;
use super::trouble::Trouble;
use super::window::Window;
use crate::fetch::{Answer, Server};

const HEALTH: &str = "/api/public/health";

/// An answer to a question.
#[derive(Debug, PartialEq)]
pub(super) enum Told {
    Generations(Table<ModelUsage>),
    /// The old API tells both at once.
    Daily(Table<ModelUsage>, u64),
    Errors(Table<u64>),
    Traces(u64),
    NumericScores(Table<NumericScore>),
    CategoricalScores(Table<(String, u64)>),
}

/// The server's version, if it tells. Health asks for no key, and is not counted as a query.
pub(super) async fn version(server: &Server) -> Result<Option<String>, Trouble> {
    let body = body(HEALTH, &server.get(HEALTH).await?)?;
    let health: Value = serde_json::from_slice(&body)
        .map_err(|_| Trouble::Unreadable(HEALTH, Unreadable("no JSON")))?;
    Ok(health.get("version").and_then(Value::as_str).and_then(text::version))
}

/// Asks `question`; `None`: this API can't answer it.
pub(super) async fn ask(
    server: &Server,
    api: Api,
    question: Question,
    window: Window,
    scope: &Scope,
) -> Result<Option<Told>, Trouble> {
    let Some(asked) = path(api, question, window, scope) else { return Ok(None) };
    let body = body(api.path(), &server.get(&asked).await?)?;
    told(api, question, &body).map(Some).map_err(|error| Trouble::Unreadable(api.path(), error))
}

fn told(api: Api, question: Question, body: &[u8]) -> Result<Told, Unreadable> {
    Ok(match (question, api) {
        (Question::Generations, Api::Daily) => {
            let (models, traces) = daily(body)?;
            Told::Daily(models, traces)
        }
        (Question::Generations, _) => Told::Generations(models(body)?),
        (Question::Errors, _) => Told::Errors(counts(body)?),
        (Question::Traces, _) => Told::Traces(total(body)?),
        (Question::NumericScores, _) => Told::NumericScores(numeric_scores(body)?),
        (Question::CategoricalScores, _) => Told::CategoricalScores(categorical_scores(body)?),
    })
}

fn body(path: &'static str, answer: &Answer) -> Result<Bytes, Trouble> {
    match answer.status {
        200 => Ok(answer.body.clone()),
        404 => Err(Trouble::Absent(path)),
        status @ (401 | 403) => Err(Trouble::Keys(path, status)),
        429 => Err(Trouble::TooMany { path, wait: answer.retry_after }),
        status @ (408 | 422 | 500..) => Err(Trouble::Failing(path, status)),
        status => Err(Trouble::Status(path, status)),
    }
}
