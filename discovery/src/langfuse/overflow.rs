//! Names that become labels, so that nobody who writes traces makes series without a bound.

use std::collections::{BTreeMap, BTreeSet};

/// Models of a project that are told apart.
const MOST_MODELS: usize = 200;
/// Scores of a project.
const MOST_SCORES: usize = 100;
/// Values of a score.
const MOST_VALUES: usize = 20;
/// What is beyond a bound.
pub(super) const OTHER: &str = "other";

/// Names that have been seen since the start, up to a bound.
#[derive(Debug, Default)]
pub(super) struct Names {
    models: BTreeSet<String>,
    scores: BTreeSet<String>,
    values: BTreeMap<String, BTreeSet<String>>,
    overflow: Overflow,
}

/// How often a name was beyond its bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overflow {
    /// Models, which then were counted as `other`.
    pub models: u64,
    /// Scores, which then were left out.
    pub scores: u64,
    /// Values of scores, which then were counted as `other`.
    pub values: u64,
}

impl Names {
    /// The model's label.
    pub(super) fn model(&mut self, name: String) -> String {
        if admit(&mut self.models, &name, MOST_MODELS) {
            return name;
        }
        self.overflow.models += 1;
        OTHER.to_owned()
    }

    /// Whether the score is shown.
    pub(super) fn score(&mut self, name: &str) -> bool {
        let is_shown = admit(&mut self.scores, name, MOST_SCORES);
        self.overflow.scores += u64::from(!is_shown);
        is_shown
    }

    /// The value's label, of a score that is shown.
    pub(super) fn value(&mut self, score: &str, value: String) -> String {
        let values = self.values.entry(score.to_owned()).or_default();
        if admit(values, &value, MOST_VALUES) {
            return value;
        }
        self.overflow.values += 1;
        OTHER.to_owned()
    }

    /// All models that have been seen.
    pub(super) fn models(&self) -> &BTreeSet<String> {
        &self.models
    }

    /// How often a name was beyond its bound.
    pub(super) const fn overflow(&self) -> Overflow {
        self.overflow
    }
}

fn admit(known: &mut BTreeSet<String>, name: &str, most: usize) -> bool {
    if known.contains(name) {
        return true;
    }
    known.len() < most && known.insert(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_came_first_stays() {
        let mut names = Names::default();
        for number in 0..300 {
            names.model(format!("m{number}"));
            names.score(&format!("s{number}"));
            names.value("s", format!("v{number}"));
        }
        assert_eq!(names.model("m7".to_owned()), "m7");
        assert_eq!(names.model("m250".to_owned()), OTHER);
        assert!(names.score("s99") && !names.score("s100"));
        assert_eq!(names.value("s", "v20".to_owned()), OTHER);
        assert_eq!(names.value("another", "v20".to_owned()), "v20");
        assert_eq!(names.overflow(), Overflow { models: 101, scores: 201, values: 281 });
    }
}
