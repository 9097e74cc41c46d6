//! Answers that come whole.

use super::caption;
use super::notes::{self, LATE, LIMITED};
use super::table::{Table, microseconds, more_microseconds, number, part, ratio_to};
use crate::cells::{Cell, Pace, Work};
use crate::contender::Contender::{self, Bare, Direct};
use crate::names::title;
use crate::results::Results;
use crate::statistics::Rounds;
use crate::statistics::measure::{self, Measure};
use crate::words::short;

/// As fast as they come. Their latency says nothing that requests/s does not.
pub(super) fn saturated(results: &Results, cell: &Cell) -> String {
    let rounds = Rounds::of(results, &cell.name);
    let mut table = Table::new(&[
        "",
        "CPU per request, µs",
        "÷ bare Pingora",
        "requests/s",
        "÷ bare Pingora",
        "÷ direct",
        "generator and upstream, cores",
    ]);
    for contender in notes::contenders(results, cell) {
        let mark = if notes::is_limited(&rounds, contender) { LIMITED } else { "" };
        let speed = |of| compared(&rounds, contender, of, measure::requests_per_second);
        let cells = [
            microseconds(rounds.over(contender, measure::cpu_per_request)),
            compared(&rounds, contender, Bare, measure::cpu_per_request),
            number(rounds.over(contender, measure::requests_per_second)),
            speed(Bare),
            speed(Direct),
            part(rounds.over(contender, measure::around)),
        ];
        table.row(format!("{}{mark}", title(contender)), cells);
    }
    let table = notes::under(&table.to_string(), results, cell);
    format!("{}\n\n{table}", caption::text(results, cell, &rounds))
}

/// So many a second.
pub(super) fn at_rate(results: &Results, cell: &Cell) -> String {
    let rounds = Rounds::of(results, &cell.name);
    let mut table = Table::new(&[
        "",
        "CPU per request, µs",
        "÷ bare Pingora",
        "latency added, p50, µs",
        "best rounds",
        "latency added, p99, µs",
        "best rounds",
        "requests/s",
    ]);
    for contender in notes::contenders(results, cell) {
        let late = is_late(&rounds, contender, cell);
        let cells = [
            microseconds(rounds.over(contender, measure::cpu_per_request)),
            compared(&rounds, contender, Bare, measure::cpu_per_request),
        ];
        let latency = [measure::latency_p50, measure::latency_p99]
            .map(|measure| added(&rounds, contender, measure));
        let speed = number(rounds.over(contender, measure::requests_per_second));
        let mark = if late { LATE } else { "" };
        let cells = cells.into_iter().chain(latency.into_iter().flatten()).chain([speed]);
        table.row(format!("{}{mark}", title(contender)), cells);
    }
    let table = notes::under(&table.to_string(), results, cell);
    let caption = caption::text(results, cell, &rounds);
    let direct = without_proxy("latency", &rounds, measure::latency_p50, measure::latency_p99);
    format!("{caption}{direct}\n\n{table}")
}

fn is_late(rounds: &Rounds<'_>, contender: Contender, cell: &Cell) -> bool {
    match cell.work {
        Work::Json { pace: Pace::Rate { per_second, .. }, .. } => {
            notes::is_late(rounds, contender, per_second)
        }
        _ => false,
    }
}

/// How many times what the reference has.
pub(super) fn compared(
    rounds: &Rounds<'_>,
    contender: Contender,
    reference: Contender,
    measure: Measure,
) -> String {
    ratio_to(contender == reference, rounds.ratio(contender, reference, measure))
}

/// What comes on top of the way without a proxy: the median over rounds, and between the best rounds of both.
pub(super) fn added(rounds: &Rounds<'_>, contender: Contender, measure: Measure) -> [String; 2] {
    let proxy = Some(contender).filter(|contender| *contender != Direct);
    let median = proxy.and_then(|proxy| rounds.added(proxy, Direct, measure));
    let best = proxy.and_then(|proxy| rounds.best_added(proxy, Direct, measure));
    [more_microseconds(median.map(|spread| spread.median)), more_microseconds(best)]
}

/// A sentence on what is added to.
pub(super) fn without_proxy(what: &str, rounds: &Rounds<'_>, p50: Measure, p99: Measure) -> String {
    let median = |measure| rounds.over(Direct, measure).map(|spread| short(spread.median * 1e6));
    let Some(p50) = median(p50) else { return String::new() };
    let p99 = median(p99).map_or_else(String::new, |p99| format!(", p99 {p99} µs"));
    format!(" Without a proxy, {what} is p50 {p50} µs{p99}.")
}
