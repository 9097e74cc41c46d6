use std::collections::BTreeMap;

use super::*;
use crate::demo::figures::{Ledger, Row};

fn outcomes_of(counts: &[(Status, &str, u64)]) -> BTreeMap<Outcome, u64> {
    let outcome = |status, name: &str| Outcome { status, name: name.to_owned() };
    counts.iter().map(|&(status, name, count)| (outcome(status, name), count)).collect()
}

fn figures() -> Figures {
    let busy = Measured {
        started: 31,
        in_flight: 3,
        requests_per_second: Some(2.31),
        first_token_p50: Some(0.0924),
        first_token_p95: Some(1.61),
        inter_token_p50: Some(0.01423),
        tokens_per_second: Some(1234.4),
        tokens_estimated: true,
        outcomes: outcomes_of(&[
            (Status::Success, "success", 26),
            (Status::Client, "client_closed_before_first_token", 1),
            (Status::Error, "truncated", 1),
        ]),
    };
    let idle = Measured {
        requests_per_second: Some(0.0),
        outcomes: outcomes_of(&[(Status::Success, "success", 2)]),
        ..Measured::default()
    };
    let mut all = busy.clone();
    all.outcomes.extend(outcomes_of(&[(Status::Success, "success", 28)]));
    let row = |model: &str, route: &str, measured| Row {
        model: model.to_owned(),
        route: route.to_owned(),
        measured,
    };
    Figures {
        elapsed: Duration::from_millis(10_020),
        rows: vec![
            row("llama-3.3-70b", "llama", busy),
            row("a-model-of-a-long-name", "qwen", idle),
        ],
        all,
        ledger: Ledger::default(),
        edge: Ledger::default(),
    }
}

const EXPECTED: &str = "\
1:05  last 10 s of /metrics; tok/s is llm_tokens_total{kind=\"output\"}, ~ partly estimated
model           route     req/s  in flight   TTFT p50   TTFT p95    ITL p50    tok/s
llama-3.3-70b   llama      2.31          3    92.4 ms     1.61 s    14.2 ms    ~1234
a-model-of-a-…  qwen       0.00          0          –          –          –        –
all                        2.31          3    92.4 ms     1.61 s    14.2 ms    ~1234

outcomes since the start               llama-3.3-70b  a-model-of-a-…             all
  success                                         26               2              28
  client_closed_before_first_token                 1               0               1
  truncated                                        1               0               1";

#[test]
fn the_table_as_it_is_printed() {
    let lines = lines(&figures(), Duration::from_secs(65), None, Colours::No);
    assert_eq!(lines.join("\n"), EXPECTED);
}

#[test]
fn colours_change_nothing_but_colours() {
    let coloured = lines(&figures(), Duration::from_secs(65), Some("no answer"), Colours::Yes);
    let mut plain = String::new();
    for piece in coloured.join("\n").split('\x1b') {
        let text = piece.strip_prefix('[').and_then(|code| code.split_once('m'));
        plain.push_str(text.map_or(piece, |(_, text)| text));
    }
    assert_eq!(plain, format!("{EXPECTED}\nThese figures are old: no answer"));
}

#[test]
fn it_fits_a_hundred_columns() {
    let mut figures = figures();
    figures.rows.push(figures.rows[0].clone());
    figures.rows.push(figures.rows[0].clone());
    for line in lines(&figures, Duration::from_secs(36_000), None, Colours::No) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
