//! One source and what it said last, for whoever looks.

use std::collections::HashMap;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Shown;
use super::exporter::Exporter;
use super::figure::{Figure, Table};
use super::row::{Row, rows};
use crate::prometheus::{Prometheus, PrometheusError};

/// Nobody is asked again within this time.
const FRESH: Duration = Duration::from_millis(900);

/// Whom to ask.
pub(super) enum From {
    Prometheus(Prometheus),
    Exporter(Exporter),
    /// There is no Prometheus, and this key says that the exporter is not to be asked.
    Nobody(&'static str),
}

pub(super) struct Feed {
    table: &'static Table,
    state: Mutex<State>,
}

struct State {
    from: From,
    last: Option<(Instant, Arc<Seen>)>,
}

/// What a source said, or why it said nothing.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    source: String,
    at: String,
    error: Option<String>,
    /// Of the answer's member with the rows.
    list: &'static str,
    /// `None`: nothing is known.
    rows: Option<Vec<Row>>,
}

impl Feed {
    pub(super) fn new(from: From, table: &'static Table) -> Self {
        Self { table, state: Mutex::new(State { from, last: None }) }
    }

    /// Asks, unless somebody has just done so; those who come meanwhile wait for that answer.
    pub(super) async fn shown(&self) -> Arc<Seen> {
        let mut state = self.state.lock().await;
        if let Some((at, seen)) = &state.last
            && at.elapsed() < FRESH
        {
            return Arc::clone(seen);
        }
        let seen = Arc::new(state.from.ask(self.table).await);
        state.last = Some((Instant::now(), Arc::clone(&seen)));
        seen
    }
}

impl From {
    async fn ask(&mut self, table: &'static Table) -> Seen {
        let source = self.source();
        let (rows, error) = match self {
            Self::Prometheus(prometheus) => ask_prometheus(prometheus, table).await,
            Self::Exporter(exporter) => match exporter.look().await {
                Ok(()) => (scraped(exporter, table), None),
                Err(error) => (None, Some(format!("{error}; is it running?"))),
            },
            Self::Nobody(key) => {
                (None, Some(format!("[loadtest] {key} is \"none\": nobody is asked")))
            }
        };
        let is_empty = rows.as_ref().is_some_and(Vec::is_empty);
        let error = error.or_else(|| is_empty.then(|| nothing(&source, table)));
        Seen { source, at: now(), error, list: table.name, rows }
    }

    fn source(&self) -> String {
        match self {
            Self::Prometheus(prometheus) => format!("Prometheus {}", prometheus.url()),
            Self::Exporter(exporter) => format!("exporter {}", exporter.url()),
            Self::Nobody(_) => "nobody".to_owned(),
        }
    }
}

impl Seen {
    /// As the page wants it, after `change`.
    pub(super) fn json(&self, change: impl FnOnce(&mut Map<String, Value>)) -> Shown {
        let mut body = Map::from_iter([
            ("source".to_owned(), json!(self.source)),
            ("at".to_owned(), json!(self.at)),
            (self.list.to_owned(), json!(self.rows.as_deref().unwrap_or_default())),
        ]);
        if let Some(error) = &self.error {
            body.insert("error".to_owned(), json!(error));
        }
        change(&mut body);
        Shown { is_known: self.rows.is_some(), body: Value::Object(body) }
    }
}

fn scraped(exporter: &Exporter, table: &Table) -> Option<Vec<Row>> {
    let between = exporter.between()?;
    Some(rows(table, table.figures.iter().map(|figure| between.figure(figure, table.by))))
}

/// All questions at once. Of those that fail, one says why.
async fn ask_prometheus(
    prometheus: &Prometheus,
    table: &Table,
) -> (Option<Vec<Row>>, Option<String>) {
    let mut asked = JoinSet::new();
    for (number, figure) in table.figures.iter().enumerate() {
        let prometheus = prometheus.clone();
        let question = figure.promql(table.by);
        asked.spawn(async move { (number, prometheus.vector(&question, None).await) });
    }
    let (mut known, mut error) = (HashMap::new(), None);
    while let Some(answered) = asked.join_next().await {
        match answered {
            Ok((number, Ok(samples))) => drop(known.insert(number, samples)),
            Ok((_, Err(why))) => error = error.or_else(|| Some(in_words(&why))),
            Err(_) => error = error.or_else(|| Some("a question was not asked".to_owned())),
        }
    }
    if known.is_empty() {
        return (None, error);
    }
    let of = |number| known.remove(&number).unwrap_or_default();
    (Some(rows(table, (0..table.figures.len()).map(of))), error)
}

fn in_words(error: &PrometheusError) -> String {
    let why = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{why}; with prometheus in [loadtest], nobody else is asked")
}

fn nothing(source: &str, table: &Table) -> String {
    let metric = table.figures.first().map(Figure::metric);
    format!("{source} has no {}", metric.unwrap_or_default())
}

fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let now = now.replace_millisecond(now.millisecond()).unwrap_or(now);
    now.format(&Rfc3339).unwrap_or_default()
}
