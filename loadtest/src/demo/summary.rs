//! What is said at the end: two lines for people, JSON for programs. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::figures::{Figures, Ledger, Measured, Outcome, Row};
use super::quantity::clock;

/// Lines are not wider than this.
const WIDTH: usize = 100;

/// How many requests, their outcomes, and whether the ledger adds up; figures of the whole run.
pub(crate) fn lines(figures: &Figures) -> Vec<String> {
    let Figures { all, ledger, edge, .. } = figures;
    let mut lines = Vec::new();
    let mut line = format!("{} requests in {}:", all.started, clock(figures.elapsed));
    let outcomes: Vec<_> =
        all.outcomes.iter().map(|(outcome, count)| format!(" {count} {}", outcome.name)).collect();
    for (number, text) in (1..).zip(&outcomes) {
        if line.len() + text.len() >= WIDTH {
            lines.push(std::mem::replace(&mut line, " ".to_owned()));
        }
        line.push_str(text);
        line.push(if number < outcomes.len() { ',' } else { '.' });
    }
    lines.push(line);
    if edge.started > 0 {
        lines.push(format!("Of these, {}", balance("through the edge", *edge)));
    }
    lines.push(balance("Ledger", *ledger));
    lines
}

fn balance(of: &str, ledger: Ledger) -> String {
    let Ledger { started, ended, active } = ledger;
    let verdict = if ledger.adds_up() { "it adds up" } else { "IT DOES NOT ADD UP" };
    format!("{of}: {started} started = {ended} in outcomes + {active} active: {verdict}.")
}

/// The same with all figures; the schema is in `--help`.
pub(crate) fn json(figures: &Figures) -> Value {
    json!({
        "seconds": rounded(figures.elapsed.as_secs_f64()),
        "started": figures.all.started,
        "active": figures.ledger.active,
        "outcomes": outcomes(&figures.all.outcomes),
        "ledger_adds_up": figures.ledger_adds_up(),
        "edge": {"started": figures.edge.started, "active": figures.edge.active},
        "models": figures.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

fn row(row: &Row) -> Value {
    let measured: &Measured = &row.measured;
    let mut object = json!({
        "model": row.model,
        "route": row.route,
        "started": measured.started,
        "active": measured.in_flight,
        "outcomes": outcomes(&measured.outcomes),
    });
    let known = |value: Option<f64>| value.map(rounded);
    if let Some(rate) = known(measured.requests_per_second) {
        object["requests_per_second"] = rate.into();
    }
    let first_token =
        [("p50", known(measured.first_token_p50)), ("p95", known(measured.first_token_p95))];
    set(&mut object, "ttft_seconds", &first_token);
    set(&mut object, "inter_token_seconds", &[("p50", known(measured.inter_token_p50))]);
    if let Some(rate) = known(measured.tokens_per_second) {
        object["output_tokens_per_second"] = rate.into();
        object["output_tokens_partly_estimated"] = measured.tokens_estimated.into();
    }
    object
}

/// Sets a member to the values that are known, if any is.
fn set(object: &mut Value, name: &str, values: &[(&str, Option<f64>)]) {
    let known: Map<_, _> =
        values.iter().filter_map(|&(name, value)| Some((name.to_owned(), value?.into()))).collect();
    if !known.is_empty() {
        object[name] = known.into();
    }
}

fn outcomes(counts: &BTreeMap<Outcome, u64>) -> Value {
    counts.iter().map(|(outcome, count)| (outcome.name.clone(), Value::from(*count))).collect()
}

/// To the microsecond: more digits say nothing.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::demo::figures::Status;

    fn figures() -> Figures {
        let outcome = |status, name: &str| Outcome { status, name: name.to_owned() };
        let measured = Measured {
            started: 7,
            in_flight: 1,
            requests_per_second: Some(0.35),
            first_token_p50: Some(0.0923),
            outcomes: BTreeMap::from([
                (outcome(Status::Error, "truncated"), 1),
                (outcome(Status::Success, "success"), 5),
            ]),
            ..Measured::default()
        };
        let row = Row { model: "m".to_owned(), route: "r".to_owned(), measured: measured.clone() };
        let ledger = Ledger { started: 7, ended: 6, active: 1 };
        let edge = Ledger::default();
        Figures { elapsed: Duration::from_secs(20), rows: vec![row], all: measured, ledger, edge }
    }

    #[test]
    fn people_read_two_lines() {
        assert_eq!(
            lines(&figures()),
            [
                "7 requests in 0:20: 5 success, 1 truncated.",
                "Ledger: 7 started = 6 in outcomes + 1 active: it adds up."
            ]
        );
        let ledger = Ledger { started: 7, ended: 6, active: 0 };
        let wrong = lines(&Figures { ledger, ..figures() });
        assert!(wrong[1].contains("DOES NOT"), "{wrong:?}");
    }

    #[test]
    fn what_came_through_the_edge_is_told_apart() {
        let edge = Ledger { started: 3, ended: 2, active: 1 };
        assert_eq!(
            lines(&Figures { edge, ..figures() }),
            [
                "7 requests in 0:20: 5 success, 1 truncated.",
                "Of these, through the edge: 3 started = 2 in outcomes + 1 active: it adds up.",
                "Ledger: 7 started = 6 in outcomes + 1 active: it adds up."
            ]
        );
        assert_eq!(json(&Figures { edge, ..figures() })["started"], 7);
        let wrong = Figures { edge: Ledger { active: 0, ..edge }, ..figures() };
        assert!(lines(&wrong)[1].contains("DOES NOT") && !wrong.ledger_adds_up());
    }

    #[test]
    fn programs_read_what_is_known() {
        let expected = json!({
            "seconds": 20.0,
            "started": 7,
            "active": 1,
            "outcomes": {"success": 5, "truncated": 1},
            "ledger_adds_up": true,
            "edge": {"started": 0, "active": 0},
            "models": [{
                "model": "m",
                "route": "r",
                "started": 7,
                "active": 1,
                "requests_per_second": 0.35,
                "ttft_seconds": {"p50": 0.0923},
                "outcomes": {"success": 5, "truncated": 1},
            }],
        });
        assert_eq!(json(&figures()), expected);
    }
}
