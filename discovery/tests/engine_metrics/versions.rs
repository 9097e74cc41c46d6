//! The same traffic on every version: the normalised series side by side in one file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use weir_discovery::engine_metrics::{EngineMetrics, Reason};
use weir_sim::{Engine, Sample, Scrape, Served};

use crate::golden::{compare, exported};

/// Times are sums of powers of two, so that adding them is exact.
pub(crate) const TRAFFIC: &[Served] = &[
    Served {
        input: 1024,
        cached: 0,
        steps: &[1, 1, 1, 2, 1],
        queue: Duration::from_micros(62_500),
        first_token: Duration::from_millis(250),
        gap: Duration::from_micros(15_625),
        is_open: false,
        is_cut: false,
    },
    Served {
        input: 256,
        cached: 192,
        steps: &[1, 3, 1],
        queue: Duration::ZERO,
        first_token: Duration::from_micros(62_500),
        gap: Duration::from_micros(31_250),
        is_open: false,
        is_cut: true,
    },
    Served {
        input: 256,
        cached: 0,
        steps: &[1],
        queue: Duration::from_millis(500),
        first_token: Duration::from_secs(3),
        gap: Duration::ZERO,
        is_open: false,
        is_cut: false,
    },
    // Still runs.
    Served {
        input: 512,
        cached: 64,
        steps: &[1],
        queue: Duration::ZERO,
        first_token: Duration::from_millis(125),
        gap: Duration::ZERO,
        is_open: true,
        is_cut: false,
    },
    // Waits.
    Served {
        input: 512,
        cached: 0,
        steps: &[],
        queue: Duration::ZERO,
        first_token: Duration::ZERO,
        gap: Duration::ZERO,
        is_open: true,
        is_cut: false,
    },
];

/// Every generation of names, by the heading of its column.
pub(crate) fn engines() -> Vec<(String, Engine)> {
    let versions = [
        "0.4.0", "0.6.6", "0.7.3", "0.8.5", "0.9.2", "0.10.2", "0.11.2", "0.14.0", "0.20.0",
        "0.27.0", "0.32.0", "0.33.0",
    ];
    let mut engines: Vec<_> =
        versions.map(|version| (version.to_owned(), Engine::vllm(version))).into();
    engines.insert(3, ("0.8.5-V0".to_owned(), Engine::vllm("0.8.5").v0()));
    engines.insert(6, ("0.10.2-V0".to_owned(), Engine::vllm("0.10.2").v0()));
    engines.push(("0.33.0-Rust".to_owned(), Engine::vllm("0.33.0").rust_front_end()));
    engines
}

/// What comes out of an engine's page after the traffic.
fn normalised(name: &str, engine: &Engine) -> Scrape {
    let (content_type, page) = engine.clone().speculative().exposition("tiny", TRAFFIC);
    let metrics = EngineMetrics::read(page.as_bytes(), Some(content_type)).unwrap();
    for reason in [Reason::Unknown, Reason::Label, Reason::Duplicate, Reason::Limit] {
        assert_eq!(metrics.passed_over().count(reason), 0, "{name}: {reason:?}");
    }
    Scrape::parse(&exported(&metrics, engine.version())).unwrap()
}

/// A series without what differs by engine.
fn series(sample: &Sample) -> String {
    let common = ["container", "engine_version", "model", "engine", "le"];
    let own = sample.labels.iter().filter(|(name, _)| !common.contains(&name.as_str()));
    let own: Vec<_> = own.map(|(name, value)| format!("{name}={value}")).collect();
    match own.as_slice() {
        [] => sample.name.clone(),
        _ => format!("{}{{{}}}", sample.name, own.join(",")),
    }
}

type Rows = BTreeMap<String, BTreeMap<usize, f64>>;

/// Series but buckets, by engine.
fn rows(scrapes: &[Scrape]) -> Rows {
    let mut rows = Rows::new();
    for (at, scrape) in scrapes.iter().enumerate() {
        for sample in scrape.samples().filter(|sample| sample.label("le").is_none()) {
            assert_eq!(sample.label("model"), Some("tiny"), "{}", sample.name);
            assert_eq!(sample.label("engine"), Some("0"), "{}", sample.name);
            let before = rows.entry(series(sample)).or_default().insert(at, sample.value);
            assert_eq!(before, None, "{} is there twice", sample.name);
        }
    }
    rows
}

fn scrapes() -> (Vec<String>, Vec<Scrape>) {
    let engines = engines();
    let scrapes = engines.iter().map(|(name, engine)| normalised(name, engine)).collect();
    (engines.into_iter().map(|(name, _)| name).collect(), scrapes)
}

#[test]
fn all_versions_side_by_side() {
    let (names, scrapes) = scrapes();
    let mut text = String::from(
        "The same five requests on every version, normalised: three done, one runs, one waits.\n\n",
    );
    let rows = rows(&scrapes);
    let (configs, numbers): (Rows, Rows) =
        rows.into_iter().partition(|(series, _)| series.contains("_info{"));
    let width = numbers.keys().map(String::len).max().unwrap();
    let line = |text: &mut String, first: &str, cells: &[String]| {
        write!(text, "{first:width$}").unwrap();
        cells.iter().for_each(|cell| write!(text, " {cell:>11}").unwrap());
        text.push('\n');
    };
    line(&mut text, "series", &names);
    for (series, values) in &numbers {
        let cell = |at| values.get(&at).map_or_else(|| "–".to_owned(), f64::to_string);
        line(&mut text, series, &(0..names.len()).map(cell).collect::<Vec<_>>());
    }
    text.push_str("\nConfigurations\n");
    for (series, values) in &configs {
        writeln!(text, "{}:\n  {series}", versions(&names, values.keys())).unwrap();
    }
    text.push_str("\nBuckets, at their edges\n");
    let histograms: BTreeSet<_> =
        numbers.keys().filter_map(|series| series.strip_suffix("_count")).collect();
    for histogram in histograms {
        writeln!(text, "{histogram}").unwrap();
        let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, scrape) in scrapes.iter().enumerate() {
            let Some(found) = scrape.histogram(histogram, &[]) else { continue };
            let buckets = found.buckets.iter().map(|(edge, count)| format!("{edge}:{count}"));
            alike.entry(buckets.collect::<Vec<_>>().join(" ")).or_default().push(at);
        }
        let mut alike: Vec<_> = alike.into_iter().collect();
        alike.sort_by(|(_, a), (_, b)| a.cmp(b));
        for (buckets, at) in alike {
            writeln!(text, "  {}:\n    {buckets}", versions(&names, at.iter())).unwrap();
        }
    }
    compare("versions.txt", &text);
}

fn versions<'a>(names: &[String], at: impl Iterator<Item = &'a usize>) -> String {
    at.map(|at| names[*at].as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_same_traffic_gives_the_same_values() {
    let (names, scrapes) = scrapes();
    for (series, values) in rows(&scrapes) {
        if series.starts_with("llm_engine_prefix_cache_") {
            let blocks = names.iter().position(|name| name == "0.8.5").unwrap();
            let tokens = if series.contains("queries") { 2048.0 } else { 256.0 };
            for (at, value) in values {
                let unit = if at == blocks { 16.0 } else { 1.0 };
                assert!(
                    value * unit == tokens || series.contains("ratio"),
                    "{series} {}",
                    names[at]
                );
            }
            continue;
        }
        let different: BTreeSet<_> = values.values().map(|value| value.to_bits()).collect();
        assert_eq!(different.len(), 1, "{series}: {values:?}");
    }
}

#[test]
fn every_version_has_the_core() {
    let (names, scrapes) = scrapes();
    let rows = rows(&scrapes);
    for series in [
        "requests_running",
        "requests_waiting",
        "kv_cache_usage_ratio",
        "prompt_tokens_total",
        "generation_tokens_total",
        "time_to_first_token_seconds_count",
        "inter_token_latency_seconds_count",
        "request_duration_seconds_count",
    ] {
        assert_eq!(rows[&format!("llm_engine_{series}")].len(), names.len(), "{series}");
    }
    let finished = &rows["llm_engine_requests_finished_total{reason=length}"];
    assert_eq!(finished.len(), names.len() - 1, "all but 0.4.0");
}
