//! The answer of `/metrics/daily`: days, and in each the models.

use serde::Deserialize;
use serde_json::Value;

use super::{ModelUsage, Table, Unreadable, cost, whole};
use crate::langfuse::text::label;

#[derive(Deserialize)]
struct Body {
    data: Vec<Day>,
}

#[derive(Deserialize)]
struct Day {
    #[serde(rename = "countTraces")]
    traces: Option<Value>,
    #[serde(default)]
    usage: Vec<Usage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    model: Option<String>,
    input_usage: Option<Value>,
    output_usage: Option<Value>,
    total_usage: Option<Value>,
    total_cost: Option<Value>,
    count_observations: Option<Value>,
}

/// Generations by model, and how many traces there are. This API takes no types: what has a model is a
/// generation. Of what has none, spans and events for the most part, nothing is known but tokens and costs,
/// which only generations have.
pub(in crate::langfuse) fn daily(body: &[u8]) -> Result<(Table<ModelUsage>, u64), Unreadable> {
    let body: Body = serde_json::from_slice(body)
        .map_err(|_| Unreadable("no JSON with a list of days and their models"))?;
    let mut traces = 0_u64;
    let mut rows = Vec::new();
    for day in body.data {
        let count = whole(day.traces.as_ref()).ok().flatten();
        let count = count.ok_or(Unreadable("a day without a count of traces"))?;
        traces = traces.saturating_add(count);
        for usage in day.usage {
            if let Some(row) = usage.row()? {
                rows.push(row);
            }
        }
    }
    let table = Table { rows, is_truncated: false }.merged(ModelUsage::merge);
    Ok((table, traces))
}

impl Usage {
    fn row(&self) -> Result<Option<(String, ModelUsage)>, Unreadable> {
        let count = |value: &Option<Value>| {
            whole(value.as_ref())
                .map_err(|()| Unreadable("tokens or observations that are no count"))
        };
        let model = self.model.as_deref().filter(|model| !model.is_empty());
        let usage = ModelUsage {
            generations: match model {
                Some(_) => count(&self.count_observations)?,
                None => None,
            },
            input_tokens: count(&self.input_usage)?,
            output_tokens: count(&self.output_usage)?,
            total_tokens: count(&self.total_usage)?,
            cost_usd: cost(self.total_cost.as_ref())?,
            ..ModelUsage::default()
        };
        let tokens = [usage.input_tokens, usage.output_tokens, usage.total_tokens];
        let is_used = tokens.iter().any(|count| count.is_some_and(|count| count > 0))
            || usage.cost_usd.is_some_and(|cost| cost > 0.0);
        let is_one = model.is_some() || is_used;
        Ok(is_one.then(|| (label(model.unwrap_or_default()), usage)))
    }
}
