//! A comparison in lines. Pure.

use super::comparison::{Comparison, Method, Row, Side, Unlike, Verdict};
use super::gate::GateVerdict;
use super::metric::Unit;
use crate::columns::{self, Align};
use crate::summary::{count, rate, seconds};

const UNKNOWN: &str = "–";

pub(super) fn lines(comparison: &Comparison) -> Vec<String> {
    let mut lines = Vec::new();
    if comparison.interrupted {
        lines.push("Ended early: these are the rounds that there were.".to_owned());
    }
    lines.extend([side("A", &comparison.a), side("B", &comparison.b)]);
    lines.extend(unlike(&comparison.differences));
    lines.push(method(comparison));
    lines.push(String::new());
    lines.extend(table(&comparison.metrics));
    lines.push(String::new());
    lines.push("One in twenty figures differs by chance alone.".to_owned());
    lines.extend(comparison.warnings.iter().map(|warning| format!("! {warning}")));
    if !comparison.gates.is_empty() {
        lines.push(String::new());
        lines.extend(gates(comparison));
    }
    lines
}

fn side(letter: &str, side: &Side) -> String {
    let Side { name, target, models, requests, id, .. } = side;
    let id = id.as_ref().map_or_else(String::new, |id| format!(" ({id})"));
    let requests = count(*requests);
    format!("{letter}  {name} at {target}, {}: {requests} requests{id}", models.join(", "))
}

/// Further than the names above.
fn unlike(differences: &[Unlike]) -> Vec<String> {
    if differences.is_empty() {
        return Vec::new();
    }
    let head = ["Not alike in", "A", "B"].map(str::to_owned).to_vec();
    let row = |it: &Unlike| vec![format!("  {}", it.what), it.a.clone(), it.b.clone()];
    let rows: Vec<_> = [head].into_iter().chain(differences.iter().map(row)).collect();
    columns::lines(&[Align::Left; 3], &rows)
}

fn method(comparison: &Comparison) -> String {
    match comparison.method {
        Method::Rounds => format!(
            "Rounds: {}, both sides in each, one after the other in random order; 95 % intervals by Student's t \
             over rounds.",
            comparison.rounds.unwrap_or_default()
        ),
        Method::Requests => {
            "Measured at different times: what else changed between the runs is in the \
            difference. 95 % intervals by bootstrap over requests."
                .to_owned()
        }
    }
}

fn table(rows: &[Row]) -> Vec<String> {
    let heads = ["", "A", "B", "B − A", "%", "95 % interval", ""].map(str::to_owned).to_vec();
    let known = rows.iter().filter(|row| row.a.is_some() || row.b.is_some());
    let cells: Vec<_> = [heads].into_iter().chain(known.map(cells)).collect();
    let columns = [
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Left,
    ];
    columns::lines(&columns, &cells)
}

fn cells(row: &Row) -> Vec<String> {
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| UNKNOWN.to_owned());
    let value = |value: Option<f64>| or_unknown(value.map(|value| quantity(row.unit, value)));
    let change = |value: f64| signed(value, |value| difference(row.unit, value));
    let interval = row.interval.map(|(low, high)| format!("{} to {}", change(low), change(high)));
    vec![
        row.name.to_owned(),
        value(row.a),
        value(row.b),
        or_unknown(row.difference.map(change)),
        or_unknown(row.relative.map(|part| signed(part * 100.0, rate))),
        or_unknown(interval),
        verdict(row.verdict).to_owned(),
    ]
}

fn quantity(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Seconds => seconds(value),
        Unit::PerSecond => rate(value),
        Unit::Share => format!("{} %", rate(value * 100.0)),
    }
}

/// Points are parts of all, percents would be parts of A.
fn difference(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Share => format!("{} points", rate(value * 100.0)),
        other => quantity(other, value),
    }
}

fn signed(value: f64, text: impl Fn(f64) -> String) -> String {
    let sign = match value {
        value if value > 0.0 => "+",
        value if value < 0.0 => "−",
        _ => "",
    };
    format!("{sign}{}", text(value.abs()))
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::NoDifferenceSeen => "no difference seen",
        Verdict::Unknown => "not known",
    }
}

fn gates(comparison: &Comparison) -> Vec<String> {
    let row = |judged: &super::comparison::Judged| {
        let verdict = match judged.verdict {
            GateVerdict::Passed => "passed",
            GateVerdict::Missed => "MISSED",
            GateVerdict::Undecided => "undecided: the interval is too wide",
        };
        vec![format!("--fail-if {}", judged.gate), verdict.to_owned()]
    };
    let rows: Vec<_> = comparison.gates.iter().map(row).collect();
    columns::lines(&[Align::Left, Align::Left], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::comparison::{Judged, SCHEMA};
    use crate::compare::metric::Metric;

    fn row(name: &str, a: Option<f64>, b: Option<f64>, interval: Option<(f64, f64)>) -> Row {
        Row::new(Metric::named(name).unwrap(), a, b, interval)
    }

    #[test]
    fn a_comparison_reads_like_this() {
        let side = |target: &str| Side {
            given: target.to_owned(),
            id: None,
            name: "quick".to_owned(),
            target: target.to_owned(),
            models: vec!["tiny".to_owned()],
            requests: 1000,
        };
        let comparison = Comparison {
            schema: SCHEMA,
            method: Method::Rounds,
            confidence: 0.95,
            a: side("http://127.0.0.1:8000"),
            b: Side { id: Some("r2".to_owned()), ..side("http://127.0.0.1:9800") },
            rounds: Some(10),
            interrupted: false,
            differences: vec![Unlike {
                what: "environment.commit".to_owned(),
                a: "aaa".to_owned(),
                b: "bbb".to_owned(),
            }],
            warnings: vec!["Something.".to_owned()],
            metrics: vec![
                row("time_to_first_token.p50", Some(0.08), Some(0.1), Some((0.0191, 0.0209))),
                row("requests_per_second", Some(50.0), Some(49.9), Some((-1.1, 0.9))),
                row("success_rate", Some(1.0), Some(1.0), Some((0.0, 0.0))),
                row("goodput", None, None, None),
                row("mean_gap.p50", None, Some(0.0123), None),
            ],
            gates: vec![Judged {
                gate: "time_to_first_token.p50 > 5%".parse().unwrap(),
                verdict: GateVerdict::Missed,
            }],
            passed: false,
        };
        assert_eq!(
            lines(&comparison),
            [
                "A  quick at http://127.0.0.1:8000, tiny: 1,000 requests",
                "B  quick at http://127.0.0.1:9800, tiny: 1,000 requests (r2)",
                "Not alike in          A    B",
                "  environment.commit  aaa  bbb",
                "Rounds: 10, both sides in each, one after the other in random order; 95 % intervals by Student's t over rounds.",
                "",
                "                               A        B     B − A       %         95 % interval",
                "time_to_first_token.p50  80.0 ms   100 ms  +20.0 ms   +25.0  +19.1 ms to +20.9 ms  worse",
                "requests_per_second         50.0     49.9    −0.100  −0.200       −1.10 to +0.900  no difference seen",
                "success_rate               100 %    100 %  0 points       0  0 points to 0 points  no difference seen",
                "mean_gap.p50                   –  12.3 ms         –       –                     –  not known",
                "",
                "One in twenty figures differs by chance alone.",
                "! Something.",
                "",
                "--fail-if time_to_first_token.p50 > 5%  MISSED",
            ]
        );
    }
}
