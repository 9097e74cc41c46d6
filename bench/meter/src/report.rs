//! The figures as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::verdict::change;

/// What is known of a work.
#[derive(Debug)]
pub struct Row {
    /// Its name.
    pub work: String,
    /// Instructions of one unit.
    pub instructions: u64,
    /// Bytes of one unit; 0 where it is not about bytes.
    pub bytes: f64,
    /// The work that it is laid beside.
    pub against: Option<String>,
}

/// In Markdown, with what was recorded before.
pub fn table(rows: &[Row], recorded: &BTreeMap<String, u64>) -> String {
    let mut text = String::from(
        "| work | instructions | recorded | change | per byte | ratio |\n|---|---:|---:|---:|---:|---|\n",
    );
    for row in rows {
        let Row { work, instructions, .. } = row;
        let (before, change) = match recorded.get(work) {
            Some(before) => (before.to_string(), change(*before, *instructions)),
            None => ("none".to_owned(), String::new()),
        };
        let (per_byte, ratio) = (per_byte(row), ratio(row, rows));
        // Writing to a String does not fail.
        let _infallible = writeln!(
            text,
            "| {work} | {instructions} | {before} | {change} | {per_byte} | {ratio} |"
        );
    }
    text
}

fn per_byte(row: &Row) -> String {
    if row.bytes == 0.0 {
        return String::new();
    }
    format!("{:.2}", row.instructions as f64 / row.bytes)
}

fn ratio(row: &Row, rows: &[Row]) -> String {
    let other = row.against.as_ref().and_then(|against| rows.iter().find(|it| it.work == *against));
    let Some(other) = other else { return String::new() };
    let ratio = row.instructions as f64 / other.instructions.max(1) as f64;
    format!("{ratio:.2} × {}", other.work)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(work: &str, instructions: u64, bytes: f64, against: Option<&str>) -> Row {
        let (work, against) = (work.to_owned(), against.map(str::to_owned));
        Row { work, instructions, bytes, against }
    }

    #[test]
    fn a_row_tells_what_was_recorded_and_what_it_is_laid_beside() {
        let rows = [row("event", 6_000, 200.0, Some("cutting")), row("cutting", 500, 0.0, None)];
        let recorded = [("event".to_owned(), 5_000)].into_iter().collect();
        let text = table(&rows, &recorded);
        let lines: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "| event | 6000 | 5000 | +20.0 % | 30.00 | 12.00 × cutting |",
                "| cutting | 500 | none |  |  |  |",
            ]
        );
    }
}
