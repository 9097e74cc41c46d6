//! Streams of events.

use super::json::{added, compared, without_proxy};
use super::table::{Table, microseconds, part};
use super::{caption, notes};
use crate::cells::Cell;
use crate::contender::Contender::Bare;
use crate::names::title;
use crate::results::Results;
use crate::statistics::{Rounds, measure};

pub(super) fn text(results: &Results, cell: &Cell) -> String {
    let rounds = Rounds::of(results, &cell.name);
    let mut table = Table::new(&[
        "",
        "CPU per event, µs",
        "÷ bare Pingora",
        "delay added, p50, µs",
        "best rounds",
        "delay added, p99, µs",
        "best rounds",
        "first event added, p50, µs",
        "best rounds",
        "reads per event",
    ]);
    for contender in notes::contenders(results, cell) {
        let cpu = [
            microseconds(rounds.over(contender, measure::cpu_per_event)),
            compared(&rounds, contender, Bare, measure::cpu_per_event),
        ];
        let delays = [measure::delay_p50, measure::delay_p99, measure::first_event_p50];
        let delays = delays.map(|measure| added(&rounds, contender, measure));
        let reads = part(rounds.over(contender, measure::reads_per_event));
        let cells = cpu.into_iter().chain(delays.into_iter().flatten()).chain([reads]);
        table.row(title(contender), cells);
    }
    let table = notes::under(&table.to_string(), results, cell);
    format!("{}{}\n\n{table}", caption::text(results, cell, &rounds), direct(&rounds))
}

pub(super) fn direct(rounds: &Rounds<'_>) -> String {
    without_proxy("an event's delay", rounds, measure::delay_p50, measure::delay_p99)
}
