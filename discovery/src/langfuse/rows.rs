//! Answers of LangFuse, row by row, as numbers.

mod daily;

use serde::Deserialize;
use serde_json::{Map, Value};

pub(super) use daily::daily;

use super::number::{decimal, whole};
use super::query::ROW_LIMIT;
use super::text::label;

/// US dollars of a model in a window beyond which somebody has made them up: a counter that has taken such a number
/// in shows nothing of what comes after it, or becomes infinite.
const MOST_USD: f64 = 1e9;

/// What LangFuse knows of a model's generations in a window. What it does not know is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelUsage {
    /// How many there were.
    pub generations: Option<u64>,
    /// Tokens of whatever LangFuse takes for input, those from a cache among them.
    pub input_tokens: Option<u64>,
    /// The same of output.
    pub output_tokens: Option<u64>,
    /// All tokens, as LangFuse sums them up.
    pub total_tokens: Option<u64>,
    /// US dollars.
    pub cost_usd: Option<f64>,
    /// From start to end.
    pub latency: Percentiles,
    /// From start to the first token, of those that were streamed.
    pub time_to_first_token: Percentiles,
    /// Generations of level ERROR.
    pub errors: Option<u64>,
}

/// In seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percentiles {
    /// The median.
    pub p50: Option<f64>,
    /// 95 in 100 are below it.
    pub p95: Option<f64>,
}

/// Rows by name, in LangFuse's order, each name once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table<T> {
    pub(super) rows: Vec<(String, T)>,
    /// Whether there are as many rows as may come, so that some may be missing.
    pub(super) is_truncated: bool,
}

/// A score that is a number, or true or false.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NumericScore {
    pub(super) is_boolean: bool,
    pub(super) count: u64,
    pub(super) average: Option<f64>,
}

/// An answer that is not what was asked for. Nothing of it is said: names in it are of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not what LangFuse is known to send: {0}")]
pub(super) struct Unreadable(pub(super) &'static str);

#[derive(Deserialize)]
struct Body {
    data: Vec<Map<String, Value>>,
}

/// Generations by model.
pub(super) fn models(body: &[u8]) -> Result<Table<ModelUsage>, Unreadable> {
    table(body, |row| {
        let usage = ModelUsage {
            generations: Some(count(row)?),
            input_tokens: tokens(row, "sum_inputTokens")?,
            output_tokens: tokens(row, "sum_outputTokens")?,
            total_tokens: tokens(row, "sum_totalTokens")?,
            cost_usd: cost(row.get("sum_totalCost"))?,
            latency: percentiles(row, "p50_latency", "p95_latency")?,
            time_to_first_token: percentiles(row, "p50_timeToFirstToken", "p95_timeToFirstToken")?,
            errors: None,
        };
        Ok(Some((name(row, "providedModelName"), usage)))
    })
    .map(|table| table.merged(ModelUsage::merge))
}

/// Counts by model.
pub(super) fn counts(body: &[u8]) -> Result<Table<u64>, Unreadable> {
    table(body, |row| Ok(Some((name(row, "providedModelName"), count(row)?))))
        .map(|table| table.merged(|sum, more| *sum = sum.saturating_add(more)))
}

/// The one count of an answer; none in it is none of them.
pub(super) fn total(body: &[u8]) -> Result<u64, Unreadable> {
    rows(body)?.iter().try_fold(0_u64, |sum, row| Ok(sum.saturating_add(count(row)?)))
}

/// Scores that are numbers or booleans, by name.
pub(super) fn numeric_scores(body: &[u8]) -> Result<Table<NumericScore>, Unreadable> {
    table(body, |row| {
        let is_boolean = match row.get("dataType").and_then(Value::as_str) {
            None | Some("NUMERIC") => false,
            Some("BOOLEAN") => true,
            // Early servers took everything for a number that is no category.
            Some(_) => return Ok(None),
        };
        let average =
            decimal(row.get("avg_value")).map_err(|()| Unreadable("an average is no number"))?;
        Ok(Some((name(row, "name"), NumericScore { is_boolean, count: count(row)?, average })))
    })
}

/// Scores that are words: name, and word with count.
pub(super) fn categorical_scores(body: &[u8]) -> Result<Table<(String, u64)>, Unreadable> {
    table(body, |row| Ok(Some((name(row, "name"), (name(row, "stringValue"), count(row)?)))))
}

/// How many generations there are, of all models.
pub(super) fn generations(table: &Table<ModelUsage>) -> u64 {
    table.rows.iter().filter_map(|(_, usage)| usage.generations).fold(0, u64::saturating_add)
}

impl<T> Table<T> {
    /// Each name once, where it stood first.
    fn merged(self, merge: impl Fn(&mut T, T)) -> Self {
        let mut rows: Vec<(String, T)> = Vec::with_capacity(self.rows.len());
        let mut places = std::collections::HashMap::new();
        for (name, row) in self.rows {
            match places.get(&name) {
                Some(&place) => {
                    if let Some((_, known)) = rows.get_mut::<usize>(place) {
                        merge(known, row);
                    }
                }
                None => {
                    places.insert(name.clone(), rows.len());
                    rows.push((name, row));
                }
            }
        }
        Self { rows, ..self }
    }
}

impl ModelUsage {
    /// Takes in another model of the same label. Percentiles of two can't be one.
    pub(super) fn merge(&mut self, other: Self) {
        add(&mut self.generations, other.generations);
        add(&mut self.input_tokens, other.input_tokens);
        add(&mut self.output_tokens, other.output_tokens);
        add(&mut self.total_tokens, other.total_tokens);
        add(&mut self.errors, other.errors);
        self.cost_usd = match (self.cost_usd, other.cost_usd) {
            (Some(one), Some(two)) => Some(one + two),
            (one, two) => one.or(two),
        };
        self.latency = Percentiles::default();
        self.time_to_first_token = Percentiles::default();
    }

    /// Where it is one of several that share a label.
    pub(super) fn without_percentiles(self) -> Self {
        let none = Percentiles::default();
        Self { latency: none, time_to_first_token: none, ..self }
    }
}

fn add(sum: &mut Option<u64>, more: Option<u64>) {
    *sum = match (*sum, more) {
        (Some(sum), Some(more)) => Some(sum.saturating_add(more)),
        (sum, more) => sum.or(more),
    };
}

fn rows(body: &[u8]) -> Result<Vec<Map<String, Value>>, Unreadable> {
    let read: Result<Body, _> = serde_json::from_slice(body);
    read.map(|body| body.data).map_err(|_| Unreadable("no JSON with a list of rows"))
}

type Row<T> = Result<Option<(String, T)>, Unreadable>;

fn table<T>(
    body: &[u8],
    read: impl Fn(&Map<String, Value>) -> Row<T>,
) -> Result<Table<T>, Unreadable> {
    let rows = rows(body)?;
    let is_truncated = rows.len() >= ROW_LIMIT;
    let rows = rows.iter().filter_map(|row| read(row).transpose()).collect::<Result<_, _>>()?;
    Ok(Table { rows, is_truncated })
}

/// A row without a count is not ours: taken for nothing, it would hide that LangFuse has changed.
fn count(row: &Map<String, Value>) -> Result<u64, Unreadable> {
    whole(row.get("count_count")).ok().flatten().ok_or(Unreadable("a row without a count"))
}

fn tokens(row: &Map<String, Value>, key: &str) -> Result<Option<u64>, Unreadable> {
    whole(row.get(key)).map_err(|()| Unreadable("tokens that are no count"))
}

/// Costs that can't be are not known.
fn cost(value: Option<&Value>) -> Result<Option<f64>, Unreadable> {
    decimal(value)
        .map(|cost| cost.filter(|cost| (0.0..=MOST_USD).contains(cost)))
        .map_err(|()| Unreadable("a cost that is no number"))
}

/// From milliseconds.
fn percentiles(row: &Map<String, Value>, p50: &str, p95: &str) -> Result<Percentiles, Unreadable> {
    let seconds = |key| {
        let millis = decimal(row.get(key)).map_err(|()| Unreadable("a time that is no number"))?;
        // Clocks of clients may differ.
        Ok(millis.filter(|millis| *millis >= 0.0).map(|millis| millis / 1000.0))
    };
    Ok(Percentiles { p50: seconds(p50)?, p95: seconds(p95)? })
}

fn name(row: &Map<String, Value>, key: &str) -> String {
    match row.get(key) {
        Some(Value::String(text)) => label(text),
        None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => label(""),
        Some(other) => label(&other.to_string()),
    }
}

#[cfg(test)]
mod tests;
