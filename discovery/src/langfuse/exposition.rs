//! What is known of a project, as metrics.

mod window;

use weir_families::{Families, Metric};

use super::overflow::Overflow;
use super::state::{Counts, LangfuseState};
use super::totals::ModelTotals;

const UP: Metric =
    Metric::gauge("langfuse_up", "Whether the project could be read when it was last tried.");
const API: Metric = Metric::gauge(
    "langfuse_api_info",
    "The server's version and the API that answers: v2, v1 or daily.",
);
const LAST_SUCCESS: Metric =
    Metric::gauge("langfuse_last_success_timestamp_seconds", "When the project was last read.");
const TOOK: Metric =
    Metric::gauge("langfuse_poll_duration_seconds", "How long the last look at the project took.");
const BEHIND: Metric = Metric::gauge(
    "langfuse_windows_behind",
    "Windows that could be sealed when the project was last looked at, and were not.",
);
const QUERIES: Metric = Metric::counter(
    "langfuse_queries_total",
    "Queries for metrics that were sent; limits of LangFuse Cloud count these.",
);
const FAILURES: Metric = Metric::counter(
    "langfuse_query_failures_total",
    "Queries for metrics that failed, by what they asked and why.",
);
const SEALED: Metric =
    Metric::counter("langfuse_windows_sealed_total", "Windows that were sealed and counted.");
const SKIPPED: Metric = Metric::counter(
    "langfuse_windows_skipped_total",
    "Windows that were never counted: too_old after a long outage, or unreadable.",
);
const LATE: Metric = Metric::counter(
    "langfuse_late_generations_total",
    "Generations of sealed windows that were not there yet when the window was first read.",
);
const OVERFLOW: Metric = Metric::counter(
    "langfuse_label_overflow_total",
    "How often a name was beyond its bound: models and values are then other, scores left out.",
);
const GENERATIONS: Metric =
    Metric::counter("langfuse_generations_total", "Generations of sealed windows since the start.");
const TOKENS: Metric = Metric::counter(
    "langfuse_tokens_total",
    "Tokens of sealed windows since the start: input, output, and total, LangFuse's own sum.",
);
const COST: Metric = Metric::counter(
    "langfuse_cost_usd_total",
    "Cost of sealed windows since the start, in US dollars, as LangFuse has it.",
);
const ERRORS: Metric = Metric::counter(
    "langfuse_errors_total",
    "Generations of level ERROR of sealed windows since the start.",
);
const TRACES: Metric =
    Metric::counter("langfuse_traces_total", "Traces of sealed windows since the start.");

/// What is known of `project`.
pub fn add(families: &mut Families, project: &str, state: &LangfuseState) {
    let labels = [("project", project)];
    families.add(&UP, &labels, state.is_up);
    families.add(&LAST_SUCCESS, &labels, state.last_success);
    families.add(&TOOK, &labels, state.took);
    families.add(&BEHIND, &labels, state.is_up.map(|_| state.behind));
    if let Some(api) = state.api {
        let version = state.version.as_deref().unwrap_or("unknown");
        let labels = [("project", project), ("version", version), ("api", api.as_str())];
        families.add(&API, &labels, true);
    }
    add_counts(families, project, &state.counts);
    families.add(&TRACES, &labels, state.totals.traces);
    for (model, totals) in &state.totals.models {
        add_totals(families, project, model, totals);
    }
    if let Some(facts) = &state.facts {
        window::add(families, project, facts);
    }
}

fn add_counts(families: &mut Families, project: &str, counts: &Counts) {
    let labels = [("project", project)];
    families.add(&QUERIES, &labels, counts.queries);
    families.add(&SEALED, &labels, counts.sealed);
    families.add(&LATE, &labels, counts.late_generations);
    for (reason, count) in [("too_old", counts.too_old), ("unreadable", counts.unreadable)] {
        families.add(&SKIPPED, &[("project", project), ("reason", reason)], count);
    }
    for (&(question, reason), &count) in &counts.failures {
        let labels = [("project", project), ("query", question.as_str()), ("reason", reason)];
        families.add(&FAILURES, &labels, count);
    }
    let Overflow { models, scores, values } = counts.overflow;
    for (label, count) in [("model", models), ("score", scores), ("value", values)] {
        families.add(&OVERFLOW, &[("project", project), ("label", label)], count);
    }
}

fn add_totals(families: &mut Families, project: &str, model: &str, totals: &ModelTotals) {
    let labels = [("project", project), ("model", model)];
    families.add(&GENERATIONS, &labels, totals.generations);
    families.add(&COST, &labels, totals.cost_usd);
    families.add(&ERRORS, &labels, totals.errors);
    for (kind, count) in [
        ("input", totals.input_tokens),
        ("output", totals.output_tokens),
        ("total", totals.total_tokens),
    ] {
        families.add(&TOKENS, &[("project", project), ("model", model), ("kind", kind)], count);
    }
}

#[cfg(test)]
pub(crate) mod tests;
