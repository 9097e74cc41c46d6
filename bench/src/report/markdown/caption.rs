//! What stands over the table of a cell: its load point, and how good its rounds were.

use crate::cells::Cell;
use crate::results::Results;
use crate::statistics::{Rounds, Spread};
use crate::words::fixed;

pub(super) fn text(results: &Results, cell: &Cell, rounds: &Rounds<'_>) -> String {
    format!("#### {}\n\n{}", capital(&cell.work.to_string()), quality(results, cell, rounds))
}

fn quality(results: &Results, cell: &Cell, rounds: &Rounds<'_>) -> String {
    let (good, wanted) = (rounds.count(), cell.rounds as usize);
    let good = if good < wanted { format!("{good} of {wanted}") } else { good.to_string() };
    let seconds = cell.length.as_secs_f64();
    let steal =
        Spread::of(rounds.samples().map(|sample| sample.steal)).map_or_else(String::new, |steal| {
            let [median, most] = [steal.median, steal.most].map(|part| fixed(part * 100.0, 1));
            format!("; steal {median} % at the median, {most} % at most")
        });
    let dropped = results.dropped.iter().filter(|dropped| dropped.cell == cell.name).count();
    let dropped = match dropped {
        0 => "none dropped".to_owned(),
        dropped => format!("{dropped} dropped"),
    };
    format!("`{}`: {good} rounds of {seconds} s, {dropped}{steal}.", cell.name)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
