//! LangFuse: what its traces say of generations, tokens, costs and scores, per model and window of time.
//!
//! A project is asked for windows that are over, in order, each until it is sealed; counters advance then
//! and never else, so nothing is counted twice, whatever is restarted. What to ask (`query`), what to make
//! of the answer (`rows`), when (`window`, `cursor`) and by which of LangFuse's three APIs (`api`) is
//! decided by pure functions; `poller` is the loop round them.

mod api;
mod client;
mod config;
mod cursor;
mod exposition;
mod facts;
mod number;
mod overflow;
mod pace;
mod poller;
mod project;
mod query;
mod reading;
mod rows;
mod state;
mod text;
mod totals;
mod trouble;
mod window;

pub use api::Api;
pub use config::{BadEnvironment, RawLangfuse, from_environment, resolve};
pub use exposition::add;
#[cfg(test)]
pub(crate) use exposition::tests::full_state;
pub use facts::{Facts, Score, ScoreKind};
pub use overflow::Overflow;
pub use poller::Poller;
pub use project::{Project, Scope};
pub use query::Question;
pub use rows::{ModelUsage, Percentiles};
pub use state::{Counts, LangfuseState};
pub use totals::{ModelTotals, Totals};
pub use window::{Schedule, Window};
