//! What is known of a window, with bounded names.

use std::collections::{BTreeMap, BTreeSet};

use super::overflow::{Names, OTHER};
use super::query::Question;
use super::reading::Answers;
use super::rows::{ModelUsage, NumericScore, Table};
use super::window::Window;

/// What is known of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Which one.
    pub window: Window,
    /// By model. Those that were there before and are not in this window have zeros.
    pub models: BTreeMap<String, ModelUsage>,
    /// How many traces began.
    pub traces: Option<u64>,
    /// By name and kind.
    pub scores: BTreeMap<(String, ScoreKind), Score>,
    /// How often each value of a score was given: words, `true`, `false`.
    pub values: BTreeMap<(String, String), u64>,
    /// Questions that were answered, and whether rows may be missing.
    pub truncated: BTreeMap<Question, bool>,
}

/// What a score's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScoreKind {
    /// Numbers.
    Numeric,
    /// True or false.
    Boolean,
    /// Words.
    Categorical,
}

impl ScoreKind {
    /// As it stands in the label `type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Boolean => "boolean",
            Self::Categorical => "categorical",
        }
    }
}

/// A score in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// How often it was given.
    pub count: u64,
    /// Of numbers; of booleans, the share that is true.
    pub average: Option<f64>,
}

impl Facts {
    /// Of what was answered. Names are admitted in the order of the rows, the most frequent first.
    pub(super) fn new(window: Window, answers: Answers, names: &mut Names) -> Self {
        let mut facts = Self {
            window,
            models: BTreeMap::new(),
            traces: answers.traces,
            scores: BTreeMap::new(),
            values: BTreeMap::new(),
            truncated: answers.truncated(),
        };
        if let Some(table) = answers.generations {
            facts.add_models(table, answers.errors, names);
        }
        for (name, score) in answers.numeric.map(|table| table.rows).unwrap_or_default() {
            facts.add_numeric(name, &score, names);
        }
        for (name, (value, count)) in
            answers.categorical.map(|table| table.rows).unwrap_or_default()
        {
            if names.score(&name) {
                facts.add_score(&name, ScoreKind::Categorical, count, None);
                facts.add_value(name, value, count, names);
            }
        }
        facts
    }

    fn add_models(
        &mut self,
        table: Table<ModelUsage>,
        errors: Option<Table<u64>>,
        names: &mut Names,
    ) {
        // Whether the API tells them at all: where nothing happened, that is for LangFuse to say.
        let empty = empty(&table, errors.is_some());
        let mut errors: Option<BTreeMap<String, u64>> =
            errors.map(|table| table.rows.into_iter().collect());
        let mut left_over = names.models().clone();
        for (name, mut usage) in table.rows {
            if let Some(errors) = &mut errors {
                usage.errors = Some(errors.remove(&name).unwrap_or_default());
            }
            let name = names.model(name);
            left_over.remove(&name);
            self.add_model(name, usage);
        }
        // Generations that had no model to begin with may have failed before they got one.
        for (name, errors) in errors.into_iter().flatten() {
            let usage = ModelUsage { errors: Some(errors), ..ModelUsage::default() };
            self.add_model(names.model(name), usage);
        }
        if !table.is_truncated {
            self.fill(left_over, &empty);
        }
    }

    fn fill(&mut self, models: BTreeSet<String>, empty: &ModelUsage) {
        for name in models {
            self.models.entry(name).or_insert_with(|| empty.clone());
        }
    }

    fn add_model(&mut self, name: String, usage: ModelUsage) {
        let is_other = name == OTHER;
        let known = self.models.entry(name);
        let usage = if is_other { usage.without_percentiles() } else { usage };
        known.and_modify(|known| known.merge(usage.clone())).or_insert(usage);
    }

    fn add_numeric(&mut self, name: String, score: &NumericScore, names: &mut Names) {
        if !names.score(&name) {
            return;
        }
        let kind = if score.is_boolean { ScoreKind::Boolean } else { ScoreKind::Numeric };
        self.add_score(&name, kind, score.count, score.average);
        let share = score.average.filter(|share| (0.0..=1.0).contains(share));
        if let (ScoreKind::Boolean, Some(share)) = (kind, share) {
            let yes = ((share * score.count as f64).round() as u64).min(score.count);
            self.add_value(name.clone(), "true".to_owned(), yes, names);
            self.add_value(name, "false".to_owned(), score.count - yes, names);
        }
    }

    fn add_score(&mut self, name: &str, kind: ScoreKind, count: u64, average: Option<f64>) {
        let score = self.scores.entry((name.to_owned(), kind)).or_default();
        score.average = match (score.average, average) {
            (Some(one), Some(two)) if score.count + count > 0 => {
                let sum = one * score.count as f64 + two * count as f64;
                Some(sum / (score.count + count) as f64)
            }
            (one, two) => one.or(two),
        };
        score.count = score.count.saturating_add(count);
    }

    fn add_value(&mut self, score: String, value: String, count: u64, names: &mut Names) {
        let value = names.value(&score, value);
        let sum = self.values.entry((score, value)).or_default();
        *sum = sum.saturating_add(count);
    }
}

/// A model without a generation, as far as the rows of the others show what LangFuse would tell.
fn empty(table: &Table<ModelUsage>, knows_errors: bool) -> ModelUsage {
    let told = |tells: fn(&ModelUsage) -> bool| {
        table.rows.is_empty() || table.rows.iter().any(|(_, usage)| tells(usage))
    };
    ModelUsage {
        generations: Some(0),
        input_tokens: told(|usage| usage.input_tokens.is_some()).then_some(0),
        output_tokens: told(|usage| usage.output_tokens.is_some()).then_some(0),
        total_tokens: told(|usage| usage.total_tokens.is_some()).then_some(0),
        cost_usd: told(|usage| usage.cost_usd.is_some()).then_some(0.0),
        errors: knows_errors.then_some(0),
        ..ModelUsage::default()
    }
}

#[cfg(test)]
mod tests;
