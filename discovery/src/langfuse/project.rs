//! A project of a LangFuse server, as it was configured.

use std::time::Duration;

use super::window::Schedule;
use crate::fetch::Reach;

/// A project to poll. Another one if any of this changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// The label `project`.
    pub name: String,
    /// Where its server is, with the keys of the project.
    pub reach: Reach,
    /// From one look at the server to the next. Metrics are asked for where a window is due.
    pub interval: Duration,
    /// How time is cut.
    pub schedule: Schedule,
    /// What is counted.
    pub scope: Scope,
}

/// What of a project is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Types of observations that are calls of a model. Others, such as spans and agents, may carry the
    /// usage of those once more.
    pub types: Vec<String>,
    /// Only this environment.
    pub environment: Option<String>,
    /// Whether scores are asked for: two of five questions.
    pub scores: bool,
}

impl Default for Scope {
    fn default() -> Self {
        Self { types: vec!["GENERATION".to_owned()], environment: None, scores: true }
    }
}
