//! Runs as a table. Pure.

use time::OffsetDateTime;

use crate::columns::{self, Align};
use crate::report::{Latency, Report, RunStatus};
use crate::summary::{count, rate, seconds};

/// What stands for what is not known.
const UNKNOWN: &str = "–";

/// A head, and a line for each run.
pub(super) fn lines(runs: &[Report], now: OffsetDateTime) -> Vec<String> {
    let heads = [
        ("id", Align::Left),
        ("name", Align::Left),
        ("when (UTC)", Align::Left),
        ("target", Align::Left),
        ("requests", Align::Right),
        ("success", Align::Right),
        ("req/s", Align::Right),
        ("TTFT p50", Align::Right),
        ("TTFT p95", Align::Right),
        ("tok/s", Align::Right),
        ("", Align::Left),
    ];
    let head = heads.iter().map(|(head, _)| (*head).to_owned()).collect();
    let rows: Vec<_> = [head].into_iter().chain(runs.iter().map(|run| row(run, now))).collect();
    columns::lines(&heads.map(|(_, align)| align), &rows)
}

fn row(run: &Report, now: OffsetDateTime) -> Vec<String> {
    let figures = &run.summary;
    let first_token = |pick: fn(&Latency) -> f64| {
        let latency = figures.latencies.get("time_to_first_token");
        latency.map_or_else(|| UNKNOWN.to_owned(), |latency| seconds(pick(latency)))
    };
    let success = figures.success_rate;
    let tokens = figures.output_tokens.as_ref().map(|tokens| {
        let estimated = if tokens.estimated > 0 { "~" } else { "" };
        format!("{estimated}{}", rate(tokens.per_second))
    });
    vec![
        run.id.clone(),
        run.name.clone(),
        when(&run.started_at),
        run.target.clone(),
        count(figures.ended),
        success.map_or_else(|| UNKNOWN.to_owned(), |share| format!("{} %", rate(share * 100.0))),
        rate(figures.requests_per_second),
        first_token(|latency| latency.p50),
        first_token(|latency| latency.p95),
        tokens.unwrap_or_else(|| UNKNOWN.to_owned()),
        status(run, now).to_owned(),
    ]
}

/// To the minute: the id has the second.
fn when(started_at: &str) -> String {
    started_at.get(..16).unwrap_or(started_at).replace('T', " ")
}

/// What is said only where a run is not as it should be.
fn status(run: &Report, now: OffsetDateTime) -> &'static str {
    match run.status {
        RunStatus::Finished => "",
        RunStatus::Interrupted => "interrupted",
        RunStatus::Failed => "failed",
        RunStatus::Running if run.is_stale(now) => "died",
        RunStatus::Running => "running",
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::store::sample;

    #[test]
    fn a_row_says_what_is_known() {
        let full = sample::report("20261122T140501-3fa9c2");
        let mut bare = sample::report("20261122T140400-aaaaaa");
        (bare.summary, bare.status) = (Default::default(), RunStatus::Running);
        let lines = lines(&[full, bare], datetime!(2026-11-22 16:00 UTC));
        assert_eq!(
            lines,
            [
                "id                      name   when (UTC)        target                 requests  success  req/s  TTFT p50  TTFT p95  tok/s",
                "20261122T140501-3fa9c2  quick  2026-11-22 14:05  http://127.0.0.1:9800         3    100 %   1.50    100 ms    120 ms   15.0",
                "20261122T140400-aaaaaa  quick  2026-11-22 14:04  http://127.0.0.1:9800         0        –      0         –         –      –  died",
            ]
        );
    }
}
