//! METRICS-LOADTEST.md and the code name the same metrics, types, labels and label values.

use std::collections::{BTreeMap, BTreeSet};

use weir_daemon::reload::Reloads;
use weir_sim::Scrape;

use super::*;
use crate::serve::overview::Known;

const METRICS_MD: &str = include_str!("../../../../METRICS-LOADTEST.md");

/// A type, and the values of each label.
type Described = (String, BTreeMap<String, BTreeSet<String>>);

fn exposed() -> BTreeMap<String, Described> {
    let known = Known {
        by_status: [("running", 1), ("finished", 2), ("interrupted", 0), ("failed", 3)].into(),
        running: [("quick".to_owned(), 1)].into(),
    };
    let text = openmetrics(&Seen { known: Ok(known) }) + &Reloads::default().openmetrics();
    let scrape = Scrape::parse(&text).unwrap();
    let mut all = BTreeMap::new();
    for sample in scrape.samples() {
        let family = sample.name.trim_end_matches("_total");
        let kind = scrape.kind(family).unwrap().to_owned();
        let (_, labels): &mut Described =
            all.entry(sample.name.clone()).or_insert((kind, BTreeMap::new()));
        for (label, value) in &sample.labels {
            labels.entry(label.clone()).or_default().insert(value.clone());
        }
    }
    all
}

/// Rows with so many cells.
fn rows(cells: usize) -> Vec<Vec<&'static str>> {
    let lines = METRICS_MD.lines().filter(|line| line.starts_with("| `"));
    let rows =
        lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    rows.filter(|row| row.len() == cells).collect()
}

/// The words in backquotes of a cell.
fn words(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn metrics_loadtest_md_lists_what_is_exposed() {
    let exposed = exposed();
    let documented: BTreeMap<String, (String, BTreeSet<String>)> = rows(6)
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), (row[1].to_owned(), words(row[3]))))
        .collect();
    let named = exposed.iter().map(|(name, (kind, labels))| {
        (name.clone(), (kind.clone(), labels.keys().cloned().collect()))
    });
    assert_eq!(named.collect::<BTreeMap<_, _>>(), documented, "code (left), document (right)");
    for row in rows(3) {
        let (label, metric) = (row[0].trim_matches('`'), row[1].trim_matches('`'));
        assert_eq!(exposed[metric].1[label], words(row[2]), "{label} of {metric}");
    }
}

#[test]
fn of_a_store_that_cannot_be_read_nothing_is_said() {
    let text = openmetrics(&Seen { known: Err("damaged".to_owned()) });
    assert!(text.contains("weir_loadtest_store_up 0\n"), "{text}");
    assert!(!text.contains("weir_loadtest_runs"), "{text}");
}
