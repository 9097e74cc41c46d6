//! METRICS.md and the code name the same metrics, types, units, labels and label values.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/outcomes.rs"]
mod outcomes;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use outcomes::{abandoned, route, streamed};
use weir_ledger::{
    Client, Cost, CostKind, CostPart, CostSource, Crossing, Hop, HopAdded, HopPhase, HopResult,
    Ledger, Rejection,
};
use weir_wire::{Degraded, Endpoint, OutcomeKind, Progress, Source, Status, UsageMissing};

const METRICS_MD: &str = include_str!("../../../METRICS.md");

/// What both sides say about a metric.
#[derive(Debug, PartialEq, Eq)]
struct Metric {
    kind: String,
    /// `seconds`, `bytes`, or nothing for what is counted in things.
    unit: Option<String>,
    labels: BTreeSet<String>,
}

const ADDED: HopAdded = HopAdded {
    before_upstream: Some(Duration::from_millis(5)),
    first_token: Some(Duration::from_millis(3)),
    per_event: Some(Duration::ZERO),
    after: Some(Duration::from_millis(1)),
};

/// A ledger in which every metric has a series.
fn full_ledger() -> Ledger {
    let ledger = Ledger::new();
    let route = route(&ledger);
    for outcome in [streamed(), abandoned()] {
        let mut entry = route.begin(Endpoint::ChatCompletions);
        entry.identify(Some("tiny"));
        let gaps = vec![Duration::from_millis(9)];
        entry.progress(&Progress { events: 2, coalesced: 0, discarded: 0, gaps });
        entry.sent_by(Client::Other);
        let part = |kind| CostPart { kind, source: CostSource::Priced, usd: 0.25 };
        entry.costs(Cost::of(CostKind::ALL.map(part)).unwrap());
        let crossing =
            Crossing { result: HopResult::Joined, attempts: 1, added: ADDED, is_buffered: true };
        entry.across(&outcome).write(&crossing);
        entry.settle(&outcome);
    }
    for listener in [Hop::Edge, Hop::Engine] {
        ledger.connections(listener, 1);
    }
    ledger.discovery_read(SystemTime::now());
    ledger
}

/// The metrics of an exposition, under their names of text format 0.0.4.
fn exposed(text: &str) -> BTreeMap<String, Metric> {
    let types: BTreeMap<_, _> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let units: BTreeMap<_, _> =
        text.lines().filter_map(|line| line.strip_prefix("# UNIT ")?.split_once(' ')).collect();
    let describe = |(family, kind): (&&str, &&str)| {
        let suffix = match *kind {
            "counter" => "_total",
            "histogram" => "_sum",
            _ => "",
        };
        let sample = format!("{family}{suffix}");
        let name = if *kind == "counter" { sample.clone() } else { (*family).to_owned() };
        let labels = label_names(text, &sample);
        let unit = units.get(family).map(|unit| (*unit).to_owned());
        (name, Metric { kind: (*kind).to_owned(), unit, labels })
    };
    types.iter().map(describe).collect()
}

/// Names of the labels of the first sample of that name.
fn label_names(text: &str, sample: &str) -> BTreeSet<String> {
    let rest = text
        .lines()
        .filter_map(|line| line.strip_prefix(sample))
        .find(|rest| rest.starts_with(['{', ' ']))
        .unwrap_or_else(|| panic!("{sample} has a type but no sample"));
    let labels = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    let Some((labels, _)) = labels else { return BTreeSet::new() };
    labels.split(',').map(|label| label.split('=').next().unwrap().to_owned()).collect()
}

/// Cells of the table rows of METRICS.md that follow the marker `contract: <owner>`, up to the next
/// heading.
fn rows(owner: &str) -> Vec<Vec<&'static str>> {
    let marker = format!("<!-- contract: {owner} -->");
    let sections = METRICS_MD.split("\n## ").filter_map(|section| section.split_once(&*marker));
    sections.flat_map(|(_, tables)| table_rows(tables)).collect()
}

fn table_rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = text.lines().filter(|line| line.starts_with("| `"));
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
}

/// The words in backquotes of a cell.
fn words(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn documented(owner: &str) -> BTreeMap<String, Metric> {
    let mut all = BTreeMap::new();
    for row in rows(owner) {
        let [name, kind, unit, labels, meaning, absent] = row[..] else {
            panic!("METRICS.md: a metric has six cells, not {row:?}");
        };
        assert!(!meaning.is_empty() && !absent.is_empty(), "METRICS.md: {name} lacks a cell");
        let unit = ["seconds", "bytes"].contains(&unit).then(|| unit.to_owned());
        let metric = Metric { kind: kind.to_owned(), unit, labels: words(labels) };
        let name = name.trim_matches('`').to_owned();
        assert!(all.insert(name, metric).is_none(), "METRICS.md names a metric twice: {row:?}");
    }
    all
}

#[test]
fn metrics_md_lists_what_the_ledger_exposes() {
    let (documented, exposed) = (documented("weir-ledger"), exposed(&full_ledger().encode()));
    for (name, metric) in &exposed {
        let found = documented.get(name);
        assert_eq!(found, Some(metric), "METRICS.md (left) and the ledger (right) on {name}");
    }
    for name in documented.keys() {
        assert!(exposed.contains_key(name), "METRICS.md has {name}, which is not exposed");
    }
}

#[test]
fn every_metric_was_looked_at() {
    let ledger = full_ledger();
    let registered: BTreeSet<_> =
        ledger.metric_names().iter().map(|name| (*name).to_owned()).collect();
    let exposed: BTreeSet<_> = exposed(&ledger.encode()).into_keys().collect();
    assert_eq!(registered, exposed, "registered (left) and exposed (right)");
}

#[test]
fn names_follow_the_conventions() {
    for (name, Metric { kind, unit, labels }) in exposed(&full_ledger().encode()) {
        assert!(name.starts_with("llm_") || name.starts_with("weir_"), "{name}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
        if kind == "histogram" {
            assert!(unit.is_some_and(|unit| name.ends_with(&unit)), "{name} lacks its unit");
        }
        // Clients are counted by route, and a route belongs to one hop; costs at one hop only.
        let is_cost = name == "llm_cost_usd_total";
        let by_hop = labels.contains("hop") || labels.contains("client") || is_cost;
        assert_eq!(labels.contains("route"), by_hop, "{name} may be summed twice");
    }
}

#[test]
fn edges_are_printed_with_a_decimal_point() {
    let text = full_ledger().encode();
    let edges = text.lines().filter_map(|line| line.split_once(r#"le=""#)?.1.split('"').next());
    let mut seen = BTreeSet::new();
    for edge in edges {
        assert!(edge == "+Inf" || edge.contains('.') && !edge.contains('e'), "le={edge}");
        seen.insert(edge);
    }
    for edge in ["1.0", "0.00005", "67108864.0", "+Inf"] {
        assert!(seen.contains(edge), "no edge is printed as {edge}");
    }
}

/// The values that METRICS.md lists for a label, for one of the things that have it.
fn listed_values(label: &str, of: &str) -> BTreeSet<String> {
    let (label, of) = (format!("`{label}`"), of.to_owned());
    let row = table_rows(METRICS_MD)
        .find(|row| row.len() == 3 && row[0] == label && row[1].trim_matches('`') == of)
        .unwrap_or_else(|| panic!("METRICS.md has no values of {label} of {of}"));
    words(row[2])
}

fn set(values: impl IntoIterator<Item = &'static str>) -> BTreeSet<String> {
    values.into_iter().map(str::to_owned).collect()
}

#[test]
fn metrics_md_lists_the_values_of_the_closed_lists() {
    let hops = [Hop::Edge, Hop::Engine].map(Hop::as_str);
    assert_eq!(listed_values("hop", "all"), set(hops));
    assert_eq!(listed_values("endpoint", "all"), set(Endpoint::ALL.map(Endpoint::as_str)));
    let statuses = [Status::Success, Status::Client, Status::Error];
    assert_eq!(listed_values("status", "all"), set(statuses.map(Status::as_str)));
    let sources = [Source::Reported, Source::Estimated];
    assert_eq!(listed_values("source", "llm_*"), set(sources.map(Source::as_str)));
    let costs = CostSource::ALL.map(CostSource::as_str);
    assert_eq!(listed_values("source", "llm_cost_usd_total"), set(costs));
    let phases = HopPhase::ALL.map(HopPhase::as_str);
    assert_eq!(listed_values("phase", "llm_hop_added_seconds"), set(phases));
    let results = HopResult::ALL.map(HopResult::as_str);
    assert_eq!(listed_values("result", "llm_hop_requests_total"), set(results));
    for status in statuses {
        let outcomes = OutcomeKind::ALL.into_iter().filter(|kind| kind.status() == status);
        let outcomes = set(outcomes.map(OutcomeKind::as_str));
        assert_eq!(listed_values("outcome", status.as_str()), outcomes);
    }
    let missing = set(UsageMissing::ALL.map(UsageMissing::as_str));
    assert_eq!(listed_values("reason", "llm_usage_missing_total"), missing);
    let degraded = set(Degraded::ALL.map(Degraded::as_str));
    assert_eq!(listed_values("reason", "weir_meter_degraded_total"), degraded);
    let rejections = set(Rejection::ALL.map(Rejection::as_str));
    assert_eq!(listed_values("reason", "weir_rejections_total"), rejections);
    assert_eq!(listed_values("listener", "weir_client_connections"), set(hops));
}

#[test]
fn metrics_md_explains_every_outcome() {
    let explained: BTreeSet<_> = table_rows(METRICS_MD)
        .filter(|row| row.len() == 2)
        .map(|row| row[0].trim_matches('`').to_owned())
        .collect();
    for kind in OutcomeKind::ALL {
        assert!(explained.contains(kind.as_str()), "METRICS.md does not say what {kind} means");
    }
}

/// Values of `kind`, `result` and `label` belong to the ledger itself: read from the exposition.
#[test]
fn metrics_md_lists_the_values_that_the_ledger_makes_up() {
    let text = full_ledger().encode();
    for (name, label) in [
        ("llm_tokens_total", "kind"),
        ("llm_tokens_detail_total", "kind"),
        ("llm_client_tokens_total", "kind"),
        ("llm_cost_usd_total", "kind"),
        ("weir_config_reloads_total", "result"),
        ("weir_access_log_lines_total", "result"),
        ("weir_label_overflow_total", "label"),
        ("weir_source_up", "source"),
    ] {
        let start = format!("{name}{{");
        let value = |line: &str| {
            let labels = line.strip_prefix(&start)?;
            let value = labels.split_once(&format!("{label}=\""))?.1.split('"').next()?;
            Some(value.to_owned())
        };
        let exposed: BTreeSet<_> = text.lines().filter_map(value).collect();
        assert_eq!(listed_values(label, name), exposed, "{name}");
    }
}
