//! What a run came to: plain data, the JSON of `--output`, of the store and of the page's API. Times are in
//! seconds, instants in RFC 3339; what is not known is absent, never 0. The words are those of `weir_wire`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scenario::{Scenario, Slo};

/// Of the JSON; a change that older readers would misread makes it one more.
pub(crate) const SCHEMA: u32 = 1;

/// A run, finished or not.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct Report {
    /// [`SCHEMA`].
    pub(crate) schema: u32,
    /// Sorts by time, such as `20261122T140501-3fa9c2`.
    pub(crate) id: String,
    /// The scenario's name, or what `--name` says.
    pub(crate) name: String,
    pub(crate) status: RunStatus,
    /// When the first measured request was sent.
    pub(crate) started_at: String,
    /// When the last one had ended; absent while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<String>,
    /// When this was written: a run that says it is running and was written long ago has died.
    pub(crate) written_at: String,
    /// Without the path, a user or a query.
    pub(crate) target: String,
    /// As it was run, flags included.
    pub(crate) scenario: Scenario,
    pub(crate) environment: Environment,
    /// All requests.
    pub(crate) summary: Figures,
    /// The same by model, where there are several.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) models: BTreeMap<String, Figures>,
    /// The same by stage of a ramp or try of a search, in the order in which they ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) stages: Vec<StageReport>,
    /// What a search found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) search: Option<Found>,
    /// Second by second.
    #[serde(default)]
    pub(crate) timeline: Vec<Second>,
    /// What Prometheus says of the GPUs in that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gpus: Option<Gpus>,
    /// What the proxy measured for the same requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proxy: Option<Beside>,
    /// How the load tester itself did.
    pub(crate) tester: Tester,
    /// What a reader should know before trusting a number, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
    /// One by one, at most [`MOST_REQUESTS`] of them; a list of runs leaves them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) requests: Vec<Request>,
    /// Prompts and answers, only of a run that was asked to keep them; a list of runs leaves them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) contents: Vec<Content>,
}

/// So many requests are kept one by one; of more, an even choice.
pub(crate) const MOST_REQUESTS: usize = 50_000;
/// So many prompts and answers are kept, and so many bytes of each text.
pub(crate) const MOST_CONTENTS: usize = 5_000;
pub(crate) const MOST_TEXT: usize = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RunStatus {
    Running,
    Finished,
    /// By Ctrl-C: whole as far as it goes.
    Interrupted,
    /// No request succeeded, or the run died.
    Failed,
}

/// What a group of requests came to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Figures {
    /// First request sent → last one ended.
    pub(crate) seconds: f64,
    pub(crate) sent: u64,
    /// Those that came to an end of their own: the sum of `outcomes`.
    pub(crate) ended: u64,
    /// Cut by the load tester, since the time and the grace were up, or by Ctrl-C: in no other figure.
    pub(crate) cut: u64,
    /// Would have been sent, had not too many been under way (open loop).
    pub(crate) not_sent: u64,
    /// By `weir_wire::OutcomeKind`.
    pub(crate) outcomes: BTreeMap<String, u64>,
    /// Successes among those that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) success_rate: Option<f64>,
    /// Ended, per second.
    pub(crate) requests_per_second: f64,
    /// Successes, per second.
    pub(crate) successes_per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) input_tokens: Option<TokenSum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output_tokens: Option<TokenSum>,
    /// Events with content of streamed answers.
    pub(crate) events: u64,
    /// Requests that met all of the scenario's SLO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) goodput: Option<Goodput>,
    /// By [`LATENCIES`]; a latency that no request had is absent.
    pub(crate) latencies: BTreeMap<String, Latency>,
}

/// The names in [`Figures::latencies`], in the order in which they are shown, with what they are. Successful requests
/// only, but for `schedule_lag`.
pub(crate) const LATENCIES: [(&str, &str); 9] = [
    ("time_to_first_token", "request sent → first event with generated content (streamed answers)"),
    (
        "time_to_first_answer_token",
        "request sent → first event whose content is not reasoning (answers with reasoning)",
    ),
    (
        "inter_token_latency",
        "gap between content events; those less than 200 µs apart share one instant",
    ),
    (
        "time_per_output_token",
        "(last − first content event) / (output tokens − 1), reported usage only",
    ),
    ("time_to_first_byte", "request sent → first byte of the answer's body"),
    ("duration", "request begun → last byte of the answer"),
    (
        "scheduled_to_first_token",
        "moment at which an open loop wanted to send → first content: waiting of the load tester itself counts",
    ),
    ("scheduled_to_end", "moment at which an open loop wanted to send → last byte of the answer"),
    ("schedule_lag", "moment at which an open loop wanted to send → request begun"),
];

/// A distribution, from an HDR histogram of three digits, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Latency {
    pub(crate) count: u64,
    pub(crate) mean: f64,
    pub(crate) stddev: f64,
    pub(crate) min: f64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
    /// (upper bound, count), ascending, empty ones left out; bounds lie 5 % apart.
    pub(crate) buckets: Vec<(f64, u64)>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct TokenSum {
    pub(crate) total: u64,
    pub(crate) per_second: f64,
    /// Part of `total` that the load tester counted by events, since the server did not say.
    pub(crate) estimated: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Goodput {
    pub(crate) slo: Slo,
    pub(crate) requests: u64,
    pub(crate) per_second: f64,
    /// Part of those that ended.
    pub(crate) share: f64,
}

/// A stage of a ramp, or a try of a search.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct StageReport {
    /// Requests per second that were wanted (open loop).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate: Option<f64>,
    /// Clients (closed loop).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) concurrency: Option<usize>,
    /// Whether the SLO's share was met, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) good: Option<bool>,
    pub(crate) figures: Figures,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Found {
    /// The highest rate that was good enough; absent: not even the lowest one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate: Option<f64>,
    /// The lowest that was not; absent: not even the highest one failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) too_much: Option<f64>,
}

/// A second of the run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Second {
    /// Seconds since the start; the second ends there.
    pub(crate) at: f64,
    pub(crate) sent: u64,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    /// Under way at its end.
    pub(crate) active: u64,
    /// Content events that came, whether or not their request has ended.
    pub(crate) events: u64,
    /// Of requests that ended in it.
    pub(crate) output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_to_first_token_p50: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_to_first_token_p95: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inter_token_latency_p50: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inter_token_latency_p95: Option<f64>,
}

/// Where it ran.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Environment {
    /// Of this program, with the commit it was built from where that is known.
    pub(crate) weir_version: String,
    /// What `--label` says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: BTreeMap<String, String>,
    /// The git commit of the folder in which it was run, where there is one: what was benchmarked is often that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) commit: Option<String>,
    /// Cores and name of the load tester's machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cores: Option<usize>,
    /// What answers at the target, such as `vllm`, where it says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) engines: Vec<EngineFacts>,
    /// Names of the GPUs, with how many of each, from Prometheus.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) gpus: BTreeMap<String, u64>,
}

/// What an engine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct EngineFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_model_len: Option<u64>,
    /// Settings that it tells, such as vLLM's `cache_config_info` and discovery's labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) flags: BTreeMap<String, String>,
}

/// GPUs during the run, from Prometheus.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Gpus {
    /// Which Prometheus was asked.
    pub(crate) source: String,
    pub(crate) cards: Vec<Gpu>,
    /// Sum of the cards' energy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) joules: Option<f64>,
    /// Divided by the run's output tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) joules_per_output_token: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Gpu {
    pub(crate) gpu: String,
    pub(crate) uuid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) utilisation_mean: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_used_bytes_max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_total_bytes: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature_celsius_max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) joules: Option<f64>,
}

/// Figures of the load tester and of the proxy, side by side.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Beside {
    /// Whose metrics were read.
    pub(crate) source: String,
    /// Whether the proxy counted exactly the load tester's requests: no others came between.
    pub(crate) same_requests: bool,
    pub(crate) rows: Vec<BesideRow>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct BesideRow {
    /// Such as `time_to_first_token mean`.
    pub(crate) what: String,
    /// `s`, or empty for counts.
    pub(crate) unit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tester: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proxy: Option<f64>,
    /// `tester − proxy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) difference: Option<f64>,
}

/// How the load tester itself did.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Tester {
    /// Processor time of this process per second of the run: 1.0 is one core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cores_used: Option<f64>,
    /// Processor time of the whole machine that was in use, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) machine_busy: Option<f64>,
}

/// One measured request. Times in seconds.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Request {
    /// Counted from 0 in the order of sending, warm-up left out.
    pub(crate) number: u64,
    /// When it was begun, since the run's start.
    pub(crate) at: f64,
    /// When an open loop wanted to begin it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scheduled: Option<f64>,
    pub(crate) model: String,
    /// Which stage, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stage: Option<usize>,
    /// Which turn of its conversation, counted from 0.
    #[serde(default)]
    pub(crate) turn: u32,
    pub(crate) streamed: bool,
    pub(crate) outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http_status: Option<u16>,
    pub(crate) duration: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_to_first_byte: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_to_first_token: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_to_first_answer_token: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_per_output_token: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mean_gap: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) longest_gap: Option<f64>,
    pub(crate) events: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) finish_reason: Option<String>,
    /// Whether it met the SLO, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) good: Option<bool>,
    /// The trace that it began (`--trace`), 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<String>,
}

/// A prompt and its answer.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Content {
    /// [`Request::number`].
    pub(crate) request: u64,
    pub(crate) model: String,
    #[serde(default)]
    pub(crate) turn: u32,
    /// The same prompt has the same number whatever the model: answers to it stand side by side.
    pub(crate) prompt_number: u64,
    pub(crate) prompt: String,
    pub(crate) answer: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) reasoning: String,
    /// Some text was cut.
    #[serde(default)]
    pub(crate) cut: bool,
    /// Somebody marked the answer as a good example.
    #[serde(default)]
    pub(crate) gold: bool,
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
