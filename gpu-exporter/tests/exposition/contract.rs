//! METRICS-GPU.md and the code name the same metrics, types, units, labels and label values.

use std::collections::{BTreeMap, BTreeSet};

use crate::scripted::{all, full};

const METRICS_MD: &str = include_str!("../../../METRICS-GPU.md");

/// What both sides say about a metric.
#[derive(Debug, PartialEq, Eq)]
struct Metric {
    kind: String,
    /// Nothing for what is counted in things.
    unit: Option<String>,
    labels: BTreeSet<String>,
}

/// Units that a name has to end in; what else stands in the column is what is counted.
const UNITS: [&str; 8] =
    ["bytes", "celsius", "hertz", "joules", "milliwatts", "ratio", "seconds", "watts"];

/// The metrics of an exposition, under their names of text format 0.0.4.
fn exposed(openmetrics: &str) -> BTreeMap<String, Metric> {
    let comment = |word: &str| -> BTreeMap<String, String> {
        let lines = openmetrics.lines().filter_map(|line| line.strip_prefix(word)?.split_once(' '));
        lines.map(|(name, what)| (name.to_owned(), what.to_owned())).collect()
    };
    let units = comment("# UNIT ");
    let describe = |(family, kind): (String, String)| {
        let (suffix, kind) = match kind.as_str() {
            "counter" => ("_total", "counter"),
            "info" => ("_info", "gauge"),
            other => ("", other),
        };
        let name = format!("{family}{suffix}");
        let unit = units.get(&family).cloned();
        let labels = label_names(openmetrics, &name);
        (name, Metric { kind: kind.to_owned(), unit, labels })
    };
    comment("# TYPE ").into_iter().map(describe).collect()
}

/// Names and values of the labels of all samples of that name.
fn labels(text: &str, name: &str) -> Vec<(String, String)> {
    let rests = text.lines().filter_map(|line| line.strip_prefix(name)).collect::<Vec<_>>();
    let mut labels = Vec::new();
    for rest in rests.iter().filter_map(|rest| rest.strip_prefix('{')?.rsplit_once('}')) {
        for pair in rest.0.split("\",") {
            let (label, value) = pair.split_once("=\"").unwrap();
            labels.push((label.to_owned(), value.trim_end_matches('"').to_owned()));
        }
    }
    labels
}

fn label_names(text: &str, name: &str) -> BTreeSet<String> {
    labels(text, name).into_iter().map(|(label, _)| label).collect()
}

/// Rows of METRICS-GPU.md with so many cells.
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

fn documented() -> BTreeMap<String, Metric> {
    let mut all = BTreeMap::new();
    for row in rows(6) {
        let [name, kind, unit, labels, meaning, absent] = row[..] else { unreachable!() };
        assert!(!meaning.is_empty() && !absent.is_empty(), "METRICS-GPU.md: {name} lacks a cell");
        let mut labels = words(labels);
        let name = name.trim_matches('`').to_owned();
        if name.starts_with("nvidia_gpu_") && name != "nvidia_gpu_num_devices" {
            labels.extend(["uuid".to_owned(), "gpu".to_owned()]);
        }
        let unit = UNITS.contains(&unit).then(|| unit.to_owned());
        let metric = Metric { kind: kind.to_owned(), unit, labels };
        assert!(all.insert(name, metric).is_none(), "METRICS-GPU.md names a metric twice: {row:?}");
    }
    all
}

#[test]
fn metrics_gpu_md_lists_what_is_exposed() {
    let (documented, exposed) = (documented(), exposed(&full().openmetrics()));
    for (name, metric) in &exposed {
        let found = documented.get(name);
        assert_eq!(found, Some(metric), "METRICS-GPU.md (left) and the exporter (right) on {name}");
    }
    for name in documented.keys() {
        assert!(exposed.contains_key(name), "METRICS-GPU.md has {name}, which is not exposed");
    }
}

#[test]
fn no_state_exposes_anything_else() {
    let documented = documented();
    for script in all() {
        for (name, metric) in exposed(&script.openmetrics()) {
            assert_eq!(documented.get(&name), Some(&metric), "{name} of {}", script.name);
        }
    }
}

#[test]
fn names_follow_the_conventions() {
    for (name, Metric { kind, unit, labels }) in exposed(&full().openmetrics()) {
        assert!(name.starts_with("nvidia_gpu_") || name.starts_with("weir_"), "{name}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
        let words: Vec<_> = name.trim_end_matches("_total").split('_').collect();
        let named = UNITS.into_iter().find(|unit| words.contains(unit));
        assert_eq!(named, unit.as_deref(), "{name}: a unit stands at the end");
        assert_eq!(labels.contains("uuid"), labels.contains("gpu"), "{name}");
    }
}

/// The values of labels whose lists are closed, where the exporter itself makes them up.
#[test]
fn metrics_gpu_md_lists_the_values_of_labels() {
    let text = full().text();
    let made_up = [
        ("nvidia_gpu_pipe_active_ratio", "pipe"),
        ("nvidia_gpu_temperature_limit_celsius", "limit"),
        ("nvidia_gpu_power_limit_watts", "limit"),
        ("nvidia_gpu_clock_hertz", "domain"),
        ("nvidia_gpu_ecc_errors_total", "kind"),
        ("nvidia_gpu_ecc_errors_total", "since"),
        ("nvidia_gpu_remapped_rows", "kind"),
        ("nvidia_gpu_nvlink_errors_total", "error"),
        ("weir_gpu_reads_total", "result"),
        ("weir_config_reloads_total", "result"),
        ("weir_label_overflow_total", "label"),
    ];
    for (name, label) in made_up {
        let of = labels(&text, name).into_iter().filter(|(found, _)| found == label);
        let exposed: BTreeSet<_> = of.map(|(_, value)| value).collect();
        let is_row =
            |row: &&Vec<&str>| words(row[0]).contains(label) && words(row[1]).contains(name);
        let listed = rows(3);
        let listed = listed.iter().find(is_row);
        let listed =
            listed.unwrap_or_else(|| panic!("METRICS-GPU.md: no values of {label} of {name}"));
        assert_eq!(words(listed[2]), exposed, "{label} of {name}");
    }
}
