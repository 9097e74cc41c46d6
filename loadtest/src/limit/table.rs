//! The findings in lines, for people. Pure.

use super::findings::{Findings, Row};
use super::level::{GAP, Level, OFF};
use crate::summary::{count, seconds};

/// Width of the column that says what was measured.
const WHAT: usize = 38;
/// So many cores that others use are worth a word.
const OTHERS: f64 = 0.3;

/// All lines.
pub(super) fn lines(findings: &Findings) -> Vec<String> {
    let mut lines = vec![head(findings), String::new()];
    for (rows, level, latency) in [
        (&findings.whole, Level::Whole as fn(usize) -> Level, "whole answer"),
        (&findings.streams, Level::Streams, "first token"),
        (&findings.paced, Level::Paced, "gap"),
    ] {
        if !rows.is_empty() {
            lines.push(columns(latency));
        }
        lines.extend(rows.iter().map(|row| line(&level(row.clients).to_string(), row)));
    }
    lines.push(String::new());
    lines.extend(most(findings));
    lines
}

fn head(findings: &Findings) -> String {
    let cores = findings.cores.map_or_else(String::new, |cores| format!(" with {cores} cores"));
    let cpu = findings.cpu.as_ref().map_or_else(String::new, |cpu| format!(" ({cpu})"));
    let debug = match cfg!(debug_assertions) {
        true => "\nThis is a debug build: a release build does several times as much.",
        false => "",
    };
    format!(
        "weir-loadtest {} on this machine{cores}{cpu}, which a simulated engine shares: a lower bound.{debug}",
        env!("CARGO_PKG_VERSION")
    )
}

fn columns(latency: &str) -> String {
    let (p50, p99) = (format!("{latency} p50"), "p99");
    format!(
        "{:WHAT$}{:>11}{:>11}  {p50:>17}{p99:>10}{:>14}{:>11}{:>9}",
        "", "requests/s", "events/s", "tester cores", "simulator", "machine"
    )
}

fn line(what: &str, row: &Row) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let whole = |value: f64| count(value.round().max(0.0) as u64);
    let cores = |cores: f64| format!("{cores:.2}");
    let late = if row.exact == Some(false) { "  too late" } else { "" };
    format!(
        "{what:WHAT$}{:>11}{:>11}  {:>17}{:>10}{:>14}{:>11}{:>9}{late}",
        whole(row.requests_per_second),
        or_dash(row.events_per_second.map(whole)),
        or_dash(row.p50.map(seconds)),
        or_dash(row.p99.map(seconds)),
        or_dash(row.tester_cores.map(cores)),
        or_dash(row.simulator_cores.map(cores)),
        or_dash(row.machine_busy.map(|busy| format!("{:.0} %", busy * 100.0))),
    )
}

fn most(findings: &Findings) -> Vec<String> {
    let whole = |value: f64| count(value.round() as u64);
    let mut lines = Vec::new();
    if let Some((most, clients)) = findings.most_requests() {
        lines.push(format!("At most {} requests/s, at {clients} at once.", whole(most)));
    }
    if let Some((most, clients)) = findings.most_events() {
        lines.push(format!("At most {} events/s, of {clients} streams at once.", whole(most)));
    }
    let (gap, off) = (GAP.as_millis(), OFF.as_millis());
    let tried = findings.paced.last().map(|row| row.clients);
    match (findings.most_paced(), tried) {
        (Some(streams), _) => lines.push(format!(
            "Gaps of {gap} ms are measured within {off} ms (p99) for {} streams at once.",
            count(streams as u64)
        )),
        (None, Some(tried)) => lines.push(format!(
            "Gaps of {gap} ms are off by more than {off} ms (p99) with {tried} streams already."
        )),
        (None, None) => {}
    }
    if let Some(others) = findings.others().filter(|others| *others > OTHERS) {
        lines.push(format!(
            "Others used up to {others:.1} cores of this machine meanwhile: measure again when it is idle."
        ));
    }
    lines.push(
        "A run that comes near these figures, or whose report warns of its processor time, measures \
         the load tester: use another machine, or several."
            .to_owned(),
    );
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_level() {
        let whole = Row {
            clients: 64,
            requests_per_second: 12_345.6,
            p50: Some(0.000_4),
            p99: Some(0.002),
            tester_cores: Some(0.52),
            simulator_cores: Some(0.85),
            machine_busy: Some(0.992),
            ..Row::default()
        };
        let paced = |clients, exact| Row {
            clients,
            exact: Some(exact),
            events_per_second: Some(2_450.0),
            p99: Some(0.0231),
            ..Row::default()
        };
        let mut findings =
            Findings { cores: Some(2), cpu: Some("Some CPU".to_owned()), ..Findings::default() };
        findings.add(Level::Whole(64), whole);
        findings.add(Level::Paced(50), paced(50, true));
        findings.add(Level::Paced(100), paced(100, false));
        let lines = lines(&findings);
        assert!(lines[0].contains("2 cores (Some CPU)"), "{lines:#?}");
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            words(&lines[3]),
            "whole answers, 64 clients 12,346 - 400 us 2.00 ms 0.52 0.85 99 %"
        );
        assert_eq!(
            words(&lines[6]),
            "100 streams with an event every 20 ms 0 2,450 - 23.1 ms - - - too late"
        );
        assert_eq!(lines[8], "At most 12,346 requests/s, at 64 at once.");
        assert!(lines[10].starts_with("Others used up to"), "{lines:#?}");
        assert!(lines[9].contains("(p99) for 50 streams at once"), "{lines:#?}");
        findings.paced.remove(0);
        let said = super::lines(&findings).join("\n");
        assert!(said.contains("with 100 streams already"), "{said}");
    }
}
