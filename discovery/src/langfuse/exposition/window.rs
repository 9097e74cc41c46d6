//! What is known of the last sealed window, as gauges.

use weir_families::{Families, Metric};

use crate::langfuse::facts::Facts;
use crate::langfuse::rows::{ModelUsage, Percentiles};

const END: Metric = Metric::gauge(
    "langfuse_window_end_timestamp_seconds",
    "When the window ended that the gauges of windows are about: the last that was sealed.",
);
const LENGTH: Metric = Metric::gauge("langfuse_window_seconds", "How long a window is.");
const TRUNCATED: Metric = Metric::gauge(
    "langfuse_window_truncated",
    "Whether LangFuse sent as many rows as it ever does, so that some may be missing.",
);
const GENERATIONS: Metric =
    Metric::gauge("langfuse_window_generations", "Generations that began in the window.");
const TOKENS: Metric = Metric::gauge(
    "langfuse_window_tokens",
    "Tokens of the window: input, output, and total, LangFuse's own sum.",
);
const COST: Metric = Metric::gauge(
    "langfuse_window_cost_usd",
    "Cost of the window in US dollars, as LangFuse has it.",
);
const ERRORS: Metric =
    Metric::gauge("langfuse_window_errors", "Generations of level ERROR in the window.");
const LATENCY: Metric = Metric::gauge(
    "langfuse_window_latency_seconds",
    "Percentiles of the time from start to end of the window's generations.",
);
const FIRST_TOKEN: Metric = Metric::gauge(
    "langfuse_window_time_to_first_token_seconds",
    "Percentiles of the time from start to first token of the window's generations.",
);
const TRACES: Metric = Metric::gauge("langfuse_window_traces", "Traces that began in the window.");
const SCORES: Metric = Metric::gauge("langfuse_window_scores", "How often a score was given.");
const AVERAGE: Metric = Metric::gauge(
    "langfuse_window_score_average",
    "Average of a score in the window; of booleans, the share that is true.",
);
const VALUES: Metric = Metric::gauge(
    "langfuse_window_score_values",
    "How often each value of a categorical or boolean score was given.",
);

/// What is known of the window.
pub(super) fn add(families: &mut Families, project: &str, facts: &Facts) {
    let labels = [("project", project)];
    families.add(&END, &labels, facts.window.end());
    families.add(&LENGTH, &labels, facts.window.length());
    families.add(&TRACES, &labels, facts.traces);
    for (question, &is_truncated) in &facts.truncated {
        let labels = [("project", project), ("query", question.as_str())];
        families.add(&TRUNCATED, &labels, is_truncated);
    }
    for (model, usage) in &facts.models {
        add_model(families, project, model, usage);
    }
    for ((score, kind), facts) in &facts.scores {
        let labels = [("project", project), ("score", score), ("type", kind.as_str())];
        families.add(&SCORES, &labels, facts.count);
        families.add(&AVERAGE, &labels, facts.average);
    }
    for ((score, value), &count) in &facts.values {
        let labels = [("project", project), ("score", score), ("value", value)];
        families.add(&VALUES, &labels, count);
    }
}

fn add_model(families: &mut Families, project: &str, model: &str, usage: &ModelUsage) {
    let labels = [("project", project), ("model", model)];
    families.add(&GENERATIONS, &labels, usage.generations);
    families.add(&COST, &labels, usage.cost_usd);
    families.add(&ERRORS, &labels, usage.errors);
    for (kind, count) in [
        ("input", usage.input_tokens),
        ("output", usage.output_tokens),
        ("total", usage.total_tokens),
    ] {
        families.add(&TOKENS, &[("project", project), ("model", model), ("kind", kind)], count);
    }
    add_percentiles(families, &LATENCY, labels, usage.latency);
    add_percentiles(families, &FIRST_TOKEN, labels, usage.time_to_first_token);
}

fn add_percentiles(
    families: &mut Families,
    metric: &Metric,
    [project, model]: [(&'static str, &str); 2],
    percentiles: Percentiles,
) {
    for (percentile, seconds) in [("50", percentiles.p50), ("95", percentiles.p95)] {
        families.add(metric, &[project, model, ("percentile", percentile)], seconds);
    }
}
