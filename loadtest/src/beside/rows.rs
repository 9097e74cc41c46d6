//! The rows of the table: the load tester's figure, the proxy's, and by how much the first is more.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use weir_sim::Histogram;

use super::traffic::Traffic;
use crate::report::{BesideRow, Figures, Latency};

/// Latencies that both know, with the proxy's histograms.
const LATENCIES: [(&str, &str); 6] = [
    ("time_to_first_token", "llm_time_to_first_token_seconds"),
    ("time_to_first_answer_token", "llm_time_to_first_answer_token_seconds"),
    ("inter_token_latency", "llm_inter_token_latency_seconds"),
    ("time_per_output_token", "llm_time_per_output_token_seconds"),
    ("time_to_first_byte", "llm_time_to_first_byte_seconds"),
    ("duration", "llm_request_duration_seconds"),
];
/// What a request that the load tester cut is to the proxy: a client that left.
const LEFT: [&str; 3] =
    ["client_closed_before_first_token", "client_closed_mid_stream", "client_closed_after_finish"];

/// All rows, in the order in which they are shown; one that neither side can fill is left out.
pub(super) fn rows(figures: &Figures, traffic: &Traffic<'_>) -> Vec<BesideRow> {
    let mut rows = vec![count("requests", Some(figures.sent as f64), Some(traffic.ended()))];
    rows.extend(outcomes(figures, traffic));
    let tokens = |kind| traffic.grown("llm_tokens_total", &[("kind", kind)]);
    let sum = |sum: &Option<crate::report::TokenSum>| sum.as_ref().map(|sum| sum.total as f64);
    rows.push(count("input tokens", sum(&figures.input_tokens), tokens("input")));
    rows.push(count("output tokens", sum(&figures.output_tokens), tokens("output")));
    let events = traffic.grown("llm_stream_events_total", &[]);
    let own = events.is_some() || figures.events > 0;
    rows.push(count("content events", own.then_some(figures.events as f64), events));
    for (name, base) in LATENCIES {
        rows.extend(latency(name, figures.latencies.get(name), traffic.histogram(base)));
    }
    rows.retain(|row| row.tester.is_some() || row.proxy.is_some());
    rows
}

/// Requests by outcome, those that the load tester cut as such.
fn outcomes(figures: &Figures, traffic: &Traffic<'_>) -> Vec<BesideRow> {
    let proxy = |outcome: &str| traffic.grown("llm_requests_total", &[("outcome", outcome)]);
    let own = |outcome: &str| figures.outcomes.get(outcome).copied().unwrap_or(0) as f64;
    let known = figures.outcomes.keys().cloned().chain(traffic.outcomes());
    let known: BTreeSet<_> = known.filter(|outcome| !LEFT.contains(&outcome.as_str())).collect();
    let mut rows: Vec<_> = known
        .iter()
        .map(|outcome| {
            let what = format!("requests {outcome}");
            count(&what, Some(own(outcome)), Some(proxy(outcome).unwrap_or(0.0)))
        })
        .collect();
    let left: f64 = LEFT.into_iter().filter_map(proxy).sum();
    let cut = figures.cut as f64 + LEFT.into_iter().map(own).sum::<f64>();
    let what = "requests cut (proxy: client_closed)";
    rows.push(count(what, Some(cut), Some(left)));
    // Of nearly twenty outcomes few occur.
    rows.retain(|row| row.tester != Some(0.0) || row.proxy != Some(0.0));
    rows
}

/// What both know of a latency.
fn latency(name: &str, own: Option<&Latency>, proxy: Option<Histogram>) -> Vec<BesideRow> {
    let (Some(own), Some(proxy)) = (own, proxy) else { return Vec::new() };
    let mut rows = vec![
        count(&format!("{name} count"), Some(own.count as f64), Some(proxy.count)),
        seconds(format!("{name} mean"), own.mean, proxy.mean()),
    ];
    let quantiles = [("p50", 0.5, own.p50), ("p95", 0.95, own.p95), ("p99", 0.99, own.p99)];
    rows.extend(quantiles.map(|(name_of, q, ours)| {
        quantile(&format!("{name} {name_of}"), ours, bucket(&proxy, q), proxy.quantile(q))
    }));
    rows
}

/// `theirs` is interpolated within a bucket. In the same one, the two can't be told apart: there is no difference.
fn quantile(
    what: &str,
    ours: f64,
    bucket: Option<RangeInclusive<f64>>,
    theirs: Option<f64>,
) -> BesideRow {
    let theirs = theirs.filter(|theirs| theirs.is_finite());
    let Some(bucket) = bucket else { return seconds(what.to_owned(), ours, theirs) };
    let (from, to) = (bucket.start(), bucket.end());
    let to = if to.is_infinite() { "∞".to_owned() } else { to.to_string() };
    let row = seconds(format!("{what} (proxy within {from}–{to} s)"), ours, theirs);
    let difference = row.difference.filter(|_| !bucket.contains(&ours));
    BesideRow { difference, ..row }
}

/// The edges of the bucket in which a quantile lies.
fn bucket(histogram: &Histogram, q: f64) -> Option<RangeInclusive<f64>> {
    let (_, total) = *histogram.buckets.last()?;
    let at = histogram.buckets.iter().position(|(_, count)| *count >= q * total)?;
    let (edge, _) = *histogram.buckets.get(at)?;
    let below = at.checked_sub(1).and_then(|at| histogram.buckets.get(at));
    Some(below.map_or(0.0, |(edge, _)| *edge)..=edge)
}

fn count(what: &str, tester: Option<f64>, proxy: Option<f64>) -> BesideRow {
    row(what.to_owned(), "", tester, proxy)
}

fn seconds(what: String, tester: f64, proxy: Option<f64>) -> BesideRow {
    row(what, "s", Some(tester), proxy)
}

fn row(what: String, unit: &str, tester: Option<f64>, proxy: Option<f64>) -> BesideRow {
    let difference = tester.zip(proxy).map(|(tester, proxy)| tester - proxy);
    BesideRow { what, unit: unit.to_owned(), tester, proxy, difference }
}
