//! What stands under the table of a cell: marks, and what went wrong.

use crate::cells::Cell;
use crate::contender::Contender;
use crate::names::title;
use crate::results::{Failure, Results};
use crate::statistics::{Rounds, measure};
use crate::words::{grouped, one_line};

/// Of what comes without a proxy.
const NEAR_DIRECT: f64 = 0.80;
/// Of the rate that was asked for.
const KEPT_UP: f64 = 0.95;

pub(super) const LIMITED: &str = "†";
pub(super) const LATE: &str = "‡";

/// Who is in the table: whoever has something to show, or failed to.
pub(super) fn contenders(results: &Results, cell: &Cell) -> Vec<Contender> {
    let has = |contender: &Contender| {
        let samples = results.samples.iter().map(|sample| (&sample.cell, sample.contender));
        let failures = results.failures.iter().map(|failure| (&failure.cell, failure.contender));
        samples.chain(failures).any(|it| it == (&cell.name, *contender))
    };
    Contender::ALL.into_iter().filter(has).collect()
}

/// Whether a proxy is so fast that generator and upstream may be what limits it.
pub(super) fn is_limited(rounds: &Rounds<'_>, contender: Contender) -> bool {
    let speed = rounds.ratio(contender, Contender::Direct, measure::requests_per_second);
    contender != Contender::Direct && speed.is_some_and(|speed| speed.median >= NEAR_DIRECT)
}

/// Whether it did not do all that was asked of it.
pub(super) fn is_late(rounds: &Rounds<'_>, contender: Contender, per_second: u32) -> bool {
    let speed = rounds.over(contender, measure::requests_per_second);
    speed.is_some_and(|speed| speed.median < KEPT_UP * f64::from(per_second))
}

/// The table with what has to be said of it.
pub(super) fn under(table: &str, results: &Results, cell: &Cell) -> String {
    let mut lines = Vec::new();
    if table.contains(LIMITED) {
        lines.push(format!(
            "{LIMITED} At least {:.0} % of what comes without a proxy: generator and upstream limit it, and its \
             requests/s is a lower bound.",
            NEAR_DIRECT * 100.0
        ));
    }
    if table.contains(LATE) {
        lines.push(format!("{LATE} It did not keep up with the rate."));
    }
    lines.extend(
        Contender::ALL.into_iter().filter_map(|contender| errors(results, cell, contender)),
    );
    let failures = results.failures.iter().filter(|failure| failure.cell == cell.name);
    lines.extend(failures.map(|Failure { contender, round, why, .. }| {
        format!("{}, round {round}: {}.", title(*contender), one_line(why))
    }));
    [table.to_owned()].into_iter().chain(lines).collect::<Vec<_>>().join("\n\n")
}

fn errors(results: &Results, cell: &Cell, contender: Contender) -> Option<String> {
    let samples = results.samples.iter();
    let own = samples.filter(|it| it.cell == cell.name && it.contender == contender);
    let errors: u64 = own.clone().map(|sample| sample.errors).sum();
    let last = own.filter_map(|sample| sample.last_error.as_deref()).next_back();
    let last = last.map_or_else(String::new, |last| format!(", the last: {last}"));
    let (who, count) = (title(contender), grouped(errors));
    (errors > 0).then(|| format!("{who}: {count} requests failed{last}."))
}
