//! What LangFuse is asked.

use std::time::SystemTime;

use reqwest::Url;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::api::Api;
use super::project::Scope;
use super::window::Window;

/// Most rows of an answer, LangFuse's own bound. More are cut off without a word.
pub(super) const ROW_LIMIT: usize = 1000;

/// A question about a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Generations by model: how many, tokens, cost, latency, time to first token.
    Generations,
    /// Generations of level ERROR, by model.
    Errors,
    /// How many traces there are.
    Traces,
    /// Scores that are numbers or booleans, by name.
    NumericScores,
    /// Scores that are words, by name and word.
    CategoricalScores,
}

impl Question {
    /// All of them. The one without which the others say little comes first.
    pub const ALL: [Self; 5] = [
        Self::Generations,
        Self::Errors,
        Self::Traces,
        Self::NumericScores,
        Self::CategoricalScores,
    ];

    /// As it stands in the label `query`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generations => "generations",
            Self::Errors => "errors",
            Self::Traces => "traces",
            Self::NumericScores => "numeric_scores",
            Self::CategoricalScores => "categorical_scores",
        }
    }

    /// Whether it is asked at all.
    pub(super) const fn is_in(self, scope: &Scope) -> bool {
        scope.scores || !matches!(self, Self::NumericScores | Self::CategoricalScores)
    }
}

/// The path with which `question` is asked; `None`: this API can't answer it.
pub(super) fn path(api: Api, question: Question, window: Window, scope: &Scope) -> Option<String> {
    let from = timestamp(window.start())?;
    let to = timestamp(window.end())?;
    let pairs = match (api, question) {
        (Api::Daily, Question::Generations) => {
            // The end does not belong to what is asked for. Days come one by one, two at most here.
            let mut pairs = vec![
                ("page", "1".to_owned()),
                ("limit", "50".to_owned()),
                ("fromTimestamp", from),
                ("toTimestamp", to),
            ];
            pairs.extend(scope.environment.iter().map(|name| ("environment", name.clone())));
            pairs
        }
        (Api::Daily, _) => return None,
        _ => vec![("query", query(api, question, &from, &to, scope).to_string())],
    };
    // Only for its encoding.
    let url = Url::parse_with_params("http://langfuse", pairs).ok()?;
    Some(format!("{}?{}", api.path(), url.query()?))
}

/// The query of the APIs that take one. Rows come in the order of the first metric, largest first.
fn query(api: Api, question: Question, from: &str, to: &str, scope: &Scope) -> Value {
    let (view, time) = view(api, question);
    // For LangFuse, `toTimestamp` belongs to the window; what happens then would count twice.
    let mut filters =
        vec![json!({"column": time, "operator": "<", "value": to, "type": "datetime"})];
    match question {
        Question::Generations => filters.push(types(scope)),
        Question::Errors => {
            filters.push(types(scope));
            filters.push(is("level", "ERROR"));
        }
        Question::Traces if api == Api::V2 => filters.push(
            json!({"column": "isRootObservation", "operator": "=", "value": true, "type": "boolean"}),
        ),
        Question::Traces | Question::NumericScores | Question::CategoricalScores => {}
    }
    filters.extend(scope.environment.iter().map(|name| is("environment", name)));
    let fields: Vec<Value> =
        dimensions(question).iter().map(|field| json!({"field": field})).collect();
    let metrics: Vec<Value> = metrics(api, question)
        .into_iter()
        .map(|(measure, aggregation)| json!({"measure": measure, "aggregation": aggregation}))
        .collect();
    json!({
        "view": view,
        "dimensions": fields,
        "metrics": metrics,
        "filters": filters,
        "timeDimension": null,
        "fromTimestamp": from,
        "toTimestamp": to,
        "config": {"row_limit": ROW_LIMIT},
    })
}

/// What is looked at, and the name of its time.
const fn view(api: Api, question: Question) -> (&'static str, &'static str) {
    match (question, api) {
        (Question::Generations | Question::Errors, _) | (Question::Traces, Api::V2) => {
            ("observations", "start_time")
        }
        (Question::Traces, _) => ("traces", "timestamp"),
        (Question::NumericScores, _) => ("scores-numeric", "timestamp"),
        (Question::CategoricalScores, _) => ("scores-categorical", "timestamp"),
    }
}

const fn dimensions(question: Question) -> &'static [&'static str] {
    match question {
        Question::Generations | Question::Errors => &["providedModelName"],
        Question::Traces => &[],
        Question::NumericScores => &["name", "dataType"],
        Question::CategoricalScores => &["name", "stringValue"],
    }
}

/// Measures and their aggregations; the first one orders the rows.
fn metrics(api: Api, question: Question) -> Vec<(&'static str, &'static str)> {
    let mut metrics = vec![("count", "count")];
    match question {
        Question::Generations => {
            if api != Api::V1Early {
                metrics.extend([("inputTokens", "sum"), ("outputTokens", "sum")]);
            }
            metrics.extend([("totalTokens", "sum"), ("totalCost", "sum")]);
            metrics.extend([("latency", "p50"), ("latency", "p95")]);
            metrics.extend([("timeToFirstToken", "p50"), ("timeToFirstToken", "p95")]);
        }
        Question::NumericScores => metrics.push(("value", "avg")),
        Question::Errors | Question::Traces | Question::CategoricalScores => {}
    }
    metrics
}

fn types(scope: &Scope) -> Value {
    match scope.types.as_slice() {
        [only] => is("type", only),
        types => {
            json!({"column": "type", "operator": "any of", "value": types, "type": "stringOptions"})
        }
    }
}

fn is(column: &str, value: &str) -> Value {
    json!({"column": column, "operator": "=", "value": value, "type": "string"})
}

fn timestamp(instant: SystemTime) -> Option<String> {
    OffsetDateTime::from(instant).format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests;
