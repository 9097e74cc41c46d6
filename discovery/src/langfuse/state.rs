//! What the poller of a project leaves behind for those who show it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::api::Api;
use super::facts::Facts;
use super::overflow::Overflow;
use super::query::Question;
use super::totals::Totals;

/// How a project does, and what is known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LangfuseState {
    /// Whether it could be read when it was last tried; `None`: it was not.
    pub is_up: Option<bool>,
    /// The server's version, if it tells.
    pub version: Option<String>,
    /// The API that answers.
    pub api: Option<Api>,
    /// When it was last read.
    pub last_success: Option<SystemTime>,
    /// How long the last look took.
    pub took: Option<Duration>,
    /// Windows that can be sealed and are not.
    pub behind: u64,
    /// The last window that was sealed; after a start, the one before, which is not counted.
    pub facts: Option<Facts>,
    /// Sums over the windows that were sealed since the start.
    pub totals: Totals,
    /// What happened since the start.
    pub counts: Counts,
}

/// What happened since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Queries that were sent; limits of LangFuse Cloud count these.
    pub queries: u64,
    /// Queries that failed, by what they asked and why.
    pub failures: BTreeMap<(Question, &'static str), u64>,
    /// Windows that were sealed.
    pub sealed: u64,
    /// Windows that were left out, since they had waited for too long.
    pub too_old: u64,
    /// Windows that were left out, since LangFuse's answer can't be read.
    pub unreadable: u64,
    /// Generations that were not there yet when their window was read first.
    pub late_generations: u64,
    /// Names beyond a bound.
    pub overflow: Overflow,
}
