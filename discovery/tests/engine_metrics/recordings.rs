//! Recordings of real servers, and how the imitations compare with them.

use std::collections::BTreeSet;

use weir_discovery::engine_metrics::{Reason, Table};
use weir_sim::{Engine, Scrape};

use crate::golden::{compare, exported, read, recorded};
use crate::versions::TRAFFIC;

const VERSIONS: [&str; 2] = ["0.10.2", "0.32.0"];

#[test]
fn recordings_come_out_as_expected() {
    for version in VERSIONS {
        let metrics = read(recorded(version));
        let passed_over = metrics.passed_over();
        for reason in
            [Reason::Unknown, Reason::Value, Reason::Label, Reason::Duplicate, Reason::Limit]
        {
            assert_eq!(passed_over.count(reason), 0, "{version}: {reason:?}");
        }
        assert!(metrics.models().into_iter().eq(["tiny"]));
        compare(&format!("recorded/vllm-{version}.openmetrics"), &exported(&metrics, version));
    }
}

/// All names of vLLM's own on a page, without the endings of series.
fn families(page: &str) -> BTreeSet<String> {
    let kinds = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names = kinds.filter_map(|line| line.split(' ').next());
    let own = names.filter(|name| name.starts_with("vllm:") && !name.ends_with("_created"));
    own.map(str::to_owned).collect()
}

#[test]
fn the_imitation_has_the_names_of_the_recording() {
    for version in VERSIONS {
        let real = families(std::str::from_utf8(&recorded(version)).unwrap());
        let (_, page) = Engine::vllm(version).exposition("tiny", TRAFFIC);
        let imitated = families(&page);
        let invented: Vec<_> = imitated.difference(&real).collect();
        assert!(invented.is_empty(), "{version}: {invented:?}");
        let aliases = Table::get().families().iter().flat_map(|family| &family.aliases);
        let ours: BTreeSet<_> = aliases.map(|alias| alias.name.to_owned()).collect();
        let missing: Vec<_> =
            real.intersection(&ours).filter(|name| !imitated.contains(*name)).collect();
        assert!(missing.is_empty(), "{version}: {missing:?}");
    }
}

#[test]
fn the_imitation_has_the_labels_and_edges_of_the_recording() {
    for version in VERSIONS {
        let real = Scrape::parse(std::str::from_utf8(&recorded(version)).unwrap()).unwrap();
        let (_, page) = Engine::vllm(version).exposition("tiny", TRAFFIC);
        let imitated = Scrape::parse(&page).unwrap();
        // The model's length decides over the edges of these.
        let by_length = |name: &str| name.contains("tokens") && !name.contains("iteration");
        for sample in imitated.samples().filter(|sample| sample.name.starts_with("vllm:")) {
            if by_length(&sample.name) && sample.label("le").is_some()
                || sample.name == "vllm:cache_config_info"
            {
                continue;
            }
            let labels: Vec<_> =
                sample.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
            let same =
                real.matching(&sample.name, &labels).any(|real| real.labels == sample.labels);
            assert!(same, "{version}: {} {labels:?}", sample.name);
        }
    }
}
