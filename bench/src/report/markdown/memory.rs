//! Streams that are all open at once.

use super::json::{added, compared};
use super::table::{Table, microseconds, nothing};
use super::{caption, notes, streams};
use crate::cells::Cell;
use crate::contender::Contender::{Bare, Direct};
use crate::names::title;
use crate::results::Results;
use crate::statistics::{Rounds, Spread, measure};
use crate::words::{fixed, signed};

pub(super) fn text(results: &Results, cell: &Cell) -> String {
    let rounds = Rounds::of(results, &cell.name);
    let per_stream = measure::memory_per_stream(cell.work.streams().unwrap_or(0));
    let mut table = Table::new(&[
        "",
        "memory before, MB",
        "per open stream, KiB",
        "over bare Pingora, KiB",
        "5 s after the last has gone, MB",
        "CPU per event, µs",
        "÷ bare Pingora",
        "delay added, p50, µs",
        "best rounds",
        "delay added, p99, µs",
        "best rounds",
    ]);
    for contender in notes::contenders(results, cell).into_iter().filter(|it| *it != Direct) {
        let over = rounds.added(contender, Bare, &per_stream);
        let cells = [
            megabytes(rounds.over(contender, measure::memory_before)),
            kibibytes(rounds.over(contender, &per_stream)),
            over.map_or_else(nothing, |over| more_kibibytes(over.median)),
            megabytes(rounds.over(contender, measure::memory_after)),
            microseconds(rounds.over(contender, measure::cpu_per_event)),
            compared(&rounds, contender, Bare, measure::cpu_per_event),
        ];
        let delays = [measure::delay_p50, measure::delay_p99]
            .map(|measure| added(&rounds, contender, measure));
        table.row(title(contender), cells.into_iter().chain(delays.into_iter().flatten()));
    }
    let table = notes::under(&table.to_string(), results, cell);
    let caption = caption::text(results, cell, &rounds);
    format!("{caption}{}\n\n{table}", streams::direct(&rounds))
}

/// None is none, however it is rounded.
fn more_kibibytes(bytes: f64) -> String {
    if bytes == 0.0 { "0".to_owned() } else { signed(bytes / 1_024.0) }
}

fn megabytes(bytes: Option<Spread>) -> String {
    bytes.map_or_else(nothing, |bytes| fixed(bytes.median / 1e6, 1))
}

fn kibibytes(bytes: Option<Spread>) -> String {
    bytes.map_or_else(nothing, |bytes| fixed(bytes.median / 1_024.0, 1))
}
