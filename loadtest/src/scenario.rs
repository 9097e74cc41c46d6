//! A scenario: what is sent, how fast, for how long, and what is good enough. Plain data, as scenario files
//! (`loadtest/scenarios/*.toml`) write it.

mod error;
mod file;
mod flags;
mod keys;
mod lengths;
mod load;
mod places;
mod rules;
mod shipped;

use serde::{Deserialize, Serialize};
use weir_daemon::config::Span;

pub(crate) use self::error::{Problem, ScenarioError};
pub(crate) use self::lengths::{Lengths, Spread};
pub(crate) use self::load::{Arrivals, Load, Stage, most_in_flight};
pub(crate) use self::shipped::SHIPPED;

/// One scenario. All times are written with their unit (`500ms`, `30s`); all lengths are in tokens.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Scenario {
    /// The file's name without its ending, unless the file says otherwise.
    pub(crate) name: String,
    /// One sentence, for lists.
    pub(crate) description: String,
    /// Which API is asked.
    pub(crate) endpoint: Api,
    /// The part of the requests whose answers are streamed, 0 to 1.
    pub(crate) stream: f64,
    /// Which models are asked for, and in which proportion; none: the first one that the target lists.
    pub(crate) models: Vec<ModelShare>,
    /// Where random numbers begin: the same seed sends the same requests at the same moments.
    pub(crate) seed: u64,
    /// Stands in the first word of each generated prompt, so that no cache of beginnings knows it from an earlier run;
    /// one of its own for each run unless it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) salt: Option<u32>,
    /// How many requests are measured; `None`: as many as `duration` takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requests: Option<u64>,
    /// For how long requests are sent; with `requests`, whatever comes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<Span>,
    /// So many requests go before, and are not measured.
    pub(crate) warm_up: u64,
    /// After so long an answer is given up: `upstream_timeout`.
    pub(crate) timeout: Span,
    /// How long requests that are under way when the time is up may go on; then they are cut, and counted apart.
    pub(crate) grace: Span,
    /// When requests are sent.
    pub(crate) load: Load,
    pub(crate) prompt: Prompt,
    pub(crate) output: Output,
    pub(crate) conversation: Conversation,
    /// What is good enough: goodput is the requests that were.
    pub(crate) slo: Slo,
    /// Look for the highest rate that is good enough, instead of one measurement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) search: Option<Search>,
    /// Further members of each request's body, such as `temperature`.
    pub(crate) body: serde_json::Map<String, serde_json::Value>,
    /// Further headers of each request.
    pub(crate) headers: std::collections::BTreeMap<String, String>,
    /// Keep prompts and answers. Off unless asked for.
    pub(crate) capture: bool,
}

/// The API that is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Api {
    #[default]
    ChatCompletions,
    Completions,
    Responses,
    Messages,
}

/// A model and how often it is asked for.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelShare {
    pub(crate) name: String,
    #[serde(default = "one")]
    pub(crate) weight: f64,
}

fn one() -> f64 {
    1.0
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Prompt {
    /// Length of the user's text of a turn. A word of the generated text is about one token; the server's own count is
    /// reported.
    pub(crate) tokens: Lengths,
    /// Length of a beginning that requests share (a system prompt); 0: none.
    pub(crate) shared_prefix: u32,
    /// Among so many different beginnings.
    pub(crate) prefix_groups: u32,
    /// Prompts to send instead of generated ones: a file of JSON lines, each a string, or an object with `prompt` or
    /// with `messages`, and maybe `max_tokens`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<std::path::PathBuf>,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Output {
    /// `max_tokens`.
    pub(crate) tokens: Lengths,
    /// Tell vLLM and SGLang to go on to `max_tokens` (`ignore_eos`).
    pub(crate) ignore_eos: bool,
}

/// Several requests that build on each other.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Conversation {
    /// How many turns; each sends all that was said before, the server's own answers included.
    pub(crate) turns: Lengths,
    /// From an answer to the next question.
    pub(crate) pause: Span,
}

/// What is good enough, for each request; what is not set does not matter. A request that failed never is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Slo {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_to_first_token: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_per_output_token: Option<Span>,
    /// The longest gap of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inter_token_latency: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<Span>,
    /// Part of the requests that has to be good enough, 0 to 1: the run fails (exit code 1) if it is less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) share: Option<f64>,
}

/// The search for the highest rate at which `slo.share` (0.99 unless set) of the requests are good enough.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    /// Requests per second that the search begins with.
    pub(crate) from: f64,
    /// And at most goes to.
    pub(crate) to: f64,
    /// How long each rate is tried.
    #[serde(rename = "for")]
    pub(crate) length: Span,
    /// It ends when the highest good rate and the lowest bad one are so close: 0.05 is 5 %.
    #[serde(default = "five_percent")]
    pub(crate) precision: f64,
}

fn five_percent() -> f64 {
    0.05
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            endpoint: Api::default(),
            stream: 1.0,
            models: Vec::new(),
            seed: 1,
            salt: None,
            requests: None,
            duration: None,
            warm_up: 0,
            timeout: Span::from_secs(120),
            grace: Span::from_secs(30),
            load: Load::default(),
            prompt: Prompt::default(),
            output: Output::default(),
            conversation: Conversation::default(),
            slo: Slo::default(),
            search: None,
            body: serde_json::Map::new(),
            headers: std::collections::BTreeMap::new(),
            capture: false,
        }
    }
}

impl Default for Prompt {
    fn default() -> Self {
        Self { tokens: Lengths::Fixed(128), shared_prefix: 0, prefix_groups: 1, file: None }
    }
}

impl Default for Output {
    fn default() -> Self {
        Self { tokens: Lengths::Fixed(128), ignore_eos: false }
    }
}

impl Default for Conversation {
    fn default() -> Self {
        Self { turns: Lengths::Fixed(1), pause: Span::from_secs(0) }
    }
}
