//! Cells as aligned lines. Pure.

/// Where the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// The rows as lines, each column as wide as its widest cell. A row may have fewer cells than there are columns.
pub(crate) fn lines(columns: &[Align], rows: &[Vec<String>]) -> Vec<String> {
    let cells = |row: &Vec<String>| row.iter().map(|cell| plain(cell)).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let columns: Vec<_> =
        columns.iter().enumerate().map(|(column, align)| (*align, width(column))).collect();
    rows.iter().map(|row| line(&columns, row)).collect()
}

fn line(columns: &[(Align, usize)], row: &[String]) -> String {
    let cells: Vec<_> = columns
        .iter()
        .zip(row)
        .map(|((align, width), cell)| match align {
            Align::Left => format!("{cell:<width$}"),
            Align::Right => format!("{cell:>width$}"),
        })
        .collect();
    cells.join("  ").trim_end().to_owned()
}

/// Without control characters: names come from files, and a terminal would obey them.
fn plain(cell: &str) -> String {
    cell.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_need() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let rows = [row(&["name", "p50"]), row(&["größer", "9 µs"]), row(&["a\u{1b}[2Jb"])];
        assert_eq!(
            lines(&[Align::Left, Align::Right], &rows),
            ["name     p50", "größer  9 µs", "a\u{fffd}[2Jb"]
        );
        assert_eq!(lines(&[Align::Left], &[]), Vec::<String>::new());
    }
}
