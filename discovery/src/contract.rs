//! METRICS-DISCOVERY.md and the code name the same metrics, types, units and labels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use weir_daemon::reload::Reloads;
use weir_families::Families;
use weir_sim::{Engine, Scrape, Served};

use crate::engine::EngineView;
use crate::engine_metrics::{EngineMetrics, Labels};
use crate::litellm::{ApiBase, Deployment, Deployments, GatewayState, Shown};
use crate::source::{SourceKind, Sources};
use crate::{exposition, fleet, langfuse, litellm};

const METRICS_MD: &str = include_str!("../../METRICS-DISCOVERY.md");

/// Units that a name has to end in; what else stands in the column is what is counted.
const UNITS: [&str; 2] = ["ratio", "seconds"];

/// What both sides say about a metric: its type and its labels.
type Metric = (String, BTreeSet<String>);

/// Every metric that there is, with all of its labels.
fn exposed() -> BTreeMap<String, Metric> {
    let mut families = Families::default();
    fleet::tests::add_all(&mut families);
    let sources = Sources::default();
    sources.up(SourceKind::Docker, "docker", SystemTime::now());
    exposition::source::add(&mut families, &sources);
    add_gateway(&mut families);
    langfuse::add(&mut families, "p", &langfuse::full_state());
    // Of each generation, what only that one has.
    for engine in [Engine::vllm("0.33.0").speculative(), Engine::vllm("0.6.6")] {
        let served = Served {
            input: 10,
            cached: 4,
            steps: &[1, 2],
            queue: Duration::from_millis(10),
            first_token: Duration::from_millis(50),
            gap: Duration::from_millis(5),
            is_open: false,
            is_cut: false,
        };
        let (content_type, page) = engine.exposition("m", &[served]);
        let metrics = EngineMetrics::read(page.as_bytes(), Some(content_type)).unwrap();
        let of = Labels {
            container: "a",
            container_id: "b",
            model: Some("m"),
            engine_version: Some(engine.version()),
        };
        metrics.add(&mut families, &of);
    }
    let text = families.openmetrics() + &Reloads::default().openmetrics();
    let scrape = Scrape::parse(&text).unwrap();
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let all = families.map(|(family, kind)| {
        let (suffix, kind, samples) = match kind {
            "counter" => ("_total", "counter", "_total"),
            "info" => ("_info", "gauge", "_info"),
            "histogram" => ("", "histogram", "_count"),
            other => ("", other, ""),
        };
        let samples = scrape.samples().filter(|sample| sample.name == format!("{family}{samples}"));
        let labels = samples.flat_map(|sample| sample.labels.iter().map(|(name, _)| name.clone()));
        (format!("{family}{suffix}"), (kind.to_owned(), labels.collect()))
    });
    all.collect()
}

fn add_gateway(families: &mut Families) {
    let base = ApiBase {
        scheme: "http".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: 8000,
        path: String::new(),
    };
    let deployment = Deployment {
        edge_model: "llama".to_owned(),
        model: "m".to_owned(),
        provider: Some("hosted_vllm".to_owned()),
        model_id: Some("id".to_owned()),
        api_base: Some(base),
    };
    let state = GatewayState {
        live: Some(true),
        ready: Some(true),
        version: Some("1".to_owned()),
        deployments: Some(Arc::new(Deployments { list: vec![deployment], left_out: 0 })),
        problem: None,
        lacking: None,
    };
    let engine = EngineView {
        container: "a".to_owned(),
        container_id: "b".to_owned(),
        route: Some("a".to_owned()),
        models: vec!["m".to_owned(), "alias".to_owned()],
        reached_at: [("127.0.0.1".to_owned(), 8000)].into(),
        ..EngineView::default()
    };
    let shown = Shown { name: "litellm", container_id: Some("b"), state: &state };
    litellm::add(families, &[shown], &[engine], &BTreeSet::new());
}

/// The words in backquotes of a cell.
fn words(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn documented() -> BTreeMap<String, Metric> {
    let mut all = BTreeMap::new();
    // Below this heading, some labels are named once for all.
    let (before, after) = METRICS_MD.split_once("### Their own metrics").unwrap();
    for (text, more) in [
        (before, &[][..]),
        (after, &["container", "container_id", "model", "engine_version", "engine"][..]),
    ] {
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        for row in rows {
            let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [name, kind, unit, labels, meaning, absent] = cells[..] else { continue };
            assert!(!meaning.is_empty() && !absent.is_empty(), "{name} lacks a cell");
            let name = name.trim_matches('`').to_owned();
            let base = name.strip_suffix("_total").unwrap_or(&name);
            for known in UNITS {
                let ends = base.ends_with(&format!("_{known}"));
                assert_eq!(ends, unit == known, "{name}: its unit is {unit}");
            }
            let mut labels = words(labels);
            labels.extend(more.iter().map(|&label| label.to_owned()));
            assert!(all.insert(name, (kind.to_owned(), labels)).is_none(), "twice: {row}");
        }
    }
    all
}

#[test]
fn metrics_discovery_md_lists_what_is_exposed() {
    let (documented, exposed) = (documented(), exposed());
    for (name, metric) in &exposed {
        let found = documented.get(name);
        assert_eq!(found, Some(metric), "METRICS-DISCOVERY.md (left), the code (right) on {name}");
    }
    for name in documented.keys() {
        assert!(exposed.contains_key(name), "METRICS-DISCOVERY.md has {name}: nobody exposes it");
    }
    assert!(exposed.len() > 70, "{}", exposed.len());
}
