//! What has been counted since the start: sealed windows, each once.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::rows::ModelUsage;

/// Sums over all windows that were sealed since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// By model.
    pub models: BTreeMap<String, ModelTotals>,
    /// Traces.
    pub traces: Option<u64>,
}

/// Sums of a model; `None`: LangFuse has never told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelTotals {
    /// How many generations there were.
    pub generations: Option<u64>,
    /// Tokens of input.
    pub input_tokens: Option<u64>,
    /// Tokens of output.
    pub output_tokens: Option<u64>,
    /// All tokens, as LangFuse sums them up.
    pub total_tokens: Option<u64>,
    /// US dollars.
    pub cost_usd: Option<f64>,
    /// Generations of level ERROR.
    pub errors: Option<u64>,
}

impl Totals {
    /// A window was sealed.
    pub(super) fn add(&mut self, facts: &Facts) {
        add(&mut self.traces, facts.traces);
        for (name, usage) in &facts.models {
            self.models.entry(name.clone()).or_default().add(usage);
        }
    }

    /// Begins at 0 with what a window that is not counted tells, so that the next one makes a difference.
    pub(super) fn begin(&mut self, facts: &Facts) {
        let zero = |known: Option<u64>| known.map(|_| 0);
        add(&mut self.traces, zero(facts.traces));
        for (name, usage) in &facts.models {
            let nothing = ModelUsage {
                generations: zero(usage.generations),
                input_tokens: zero(usage.input_tokens),
                output_tokens: zero(usage.output_tokens),
                total_tokens: zero(usage.total_tokens),
                cost_usd: usage.cost_usd.map(|_| 0.0),
                errors: zero(usage.errors),
                ..ModelUsage::default()
            };
            self.models.entry(name.clone()).or_default().add(&nothing);
        }
    }
}

impl ModelTotals {
    fn add(&mut self, usage: &ModelUsage) {
        add(&mut self.generations, usage.generations);
        add(&mut self.input_tokens, usage.input_tokens);
        add(&mut self.output_tokens, usage.output_tokens);
        add(&mut self.total_tokens, usage.total_tokens);
        add(&mut self.errors, usage.errors);
        if let Some(cost) = usage.cost_usd {
            *self.cost_usd.get_or_insert(0.0) += cost;
        }
    }
}

fn add(sum: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *sum = Some(sum.unwrap_or_default().saturating_add(more));
    }
}
