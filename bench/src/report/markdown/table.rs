//! A table in Markdown, and what stands in its cells.

use std::fmt;

use crate::statistics::Spread;
use crate::words::{NOTHING, fixed, short, signed};

/// The first column names the row.
pub(super) struct Table {
    /// Of all columns but the first one, which stands on the left.
    rule: &'static str,
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Of figures.
    pub(super) fn new(heads: &[&str]) -> Self {
        let heads = heads.iter().map(|&head| head.to_owned()).collect();
        Self { rule: "---:", heads, rows: Vec::new() }
    }

    /// Of words.
    pub(super) fn of_words(heads: &[&str]) -> Self {
        Self { rule: "---", ..Self::new(heads) }
    }

    pub(super) fn row(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = String>) {
        self.rows.push([name.into()].into_iter().chain(cells).collect());
    }

    /// Whether somebody has something in the column.
    fn says(&self, column: usize) -> bool {
        self.rows.iter().filter_map(|row| row.get(column)).any(|cell| cell != NOTHING)
    }
}

/// Without columns in which nothing is.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<_> =
            (0..self.heads.len()).filter(|&column| column == 0 || self.says(column)).collect();
        let line = |cells: &[String]| {
            let kept = columns.iter().map(|&column| cells.get(column).map_or("", String::as_str));
            format!("| {} |", kept.collect::<Vec<_>>().join(" | "))
        };
        let rule: Vec<_> =
            columns.iter().map(|&column| if column == 0 { "---" } else { self.rule }).collect();
        write!(f, "{}\n|{}|", line(&self.heads), rule.join("|"))?;
        self.rows.iter().try_for_each(|row| write!(f, "\n{}", line(row)))
    }
}

/// `1.08 (1.05–1.12)`
pub(super) fn ratio(spread: Option<Spread>) -> String {
    spread.map_or_else(nothing, |Spread { median, least, most }| {
        format!("{} ({}–{})", fixed(median, 2), fixed(least, 2), fixed(most, 2))
    })
}

/// The same; `1` of the reference itself.
pub(super) fn ratio_to(is_reference: bool, spread: Option<Spread>) -> String {
    if is_reference && spread.is_some() { "1".to_owned() } else { ratio(spread) }
}

/// `118`; of seconds.
pub(super) fn microseconds(spread: Option<Spread>) -> String {
    spread.map_or_else(nothing, |spread| short(spread.median * 1e6))
}

/// `+4.2`; of seconds.
pub(super) fn more_microseconds(seconds: Option<f64>) -> String {
    seconds.map_or_else(nothing, |seconds| signed(seconds * 1e6))
}

/// `12,345`
pub(super) fn number(spread: Option<Spread>) -> String {
    spread.map_or_else(nothing, |spread| fixed(spread.median, 0))
}

/// `0.97`
pub(super) fn part(spread: Option<Spread>) -> String {
    spread.map_or_else(nothing, |spread| fixed(spread.median, 2))
}

pub(super) fn nothing() -> String {
    NOTHING.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_says_nothing_is_left_out() {
        let mut table = Table::new(&["", "µs", "p99", "÷ bare"]);
        table.row("direct", [nothing(), nothing(), nothing()]);
        table.row("Weir", ["42".to_owned(), nothing(), "1.08".to_owned()]);
        let expected =
            "|  | µs | ÷ bare |\n|---|---:|---:|\n| direct | – | – |\n| Weir | 42 | 1.08 |";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn figures_have_their_range_beside_them() {
        let spread = Spread::of([0.5, 1.078, 1.5]);
        assert_eq!(ratio(spread), "1.08 (0.50–1.50)");
        assert_eq!((number(spread), part(spread)), ("1".to_owned(), "1.08".to_owned()));
        assert_eq!(microseconds(Spread::of([42e-6])), "42");
        assert_eq!(more_microseconds(Some(-4.24e-6)), "−4.2");
        assert_eq!(ratio(None) + &microseconds(None) + &number(None), "–––");
    }
}
