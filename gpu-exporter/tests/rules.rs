//! The recording rules of `config/prometheus/rules/gpu.yml`: documented, tested, and made of metrics that exist.
//! What they make of series is tested by promtool (`make rules`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

const RULES: &str = include_str!("../../config/prometheus/rules/gpu.yml");
const TESTS: &str = include_str!("../../config/prometheus/tests/gpu.yml");
const METRICS_MD: &str = include_str!("../../METRICS.md");
const METRICS_GPU_MD: &str = include_str!("../../METRICS-GPU.md");
const METRICS_DISCOVERY_MD: &str = include_str!("../../METRICS-DISCOVERY.md");

/// Labels that are left, in front of a name.
const LEVELS: [&str; 5] =
    ["uuid", "uuid_container_id", "uuid_model", "container_id_model", "model"];

fn recorded() -> BTreeSet<&'static str> {
    RULES.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).collect()
}

/// The names in the first cells of tables.
fn documented(text: &'static str) -> BTreeSet<&'static str> {
    text.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0)).collect()
}

/// Names of metrics and of recorded series in the expressions.
fn used() -> BTreeSet<&'static str> {
    let code = RULES.lines().filter(|line| {
        let line = line.trim_start();
        !line.starts_with('#') && !line.starts_with("- record")
    });
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = code.flat_map(|line| line.split(|c| !is_of_a_name(c)));
    let is_name = |word: &&str| ["nvidia_gpu_", "llm_"].iter().any(|prefix| word.contains(prefix));
    words.filter(is_name).collect()
}

#[test]
fn metrics_gpu_md_lists_the_rules() {
    let listed: BTreeSet<_> =
        documented(METRICS_GPU_MD).into_iter().filter(|name| name.contains(':')).collect();
    assert_eq!(listed, recorded(), "METRICS-GPU.md (left) and the rules (right)");
}

#[test]
fn each_rule_is_tested() {
    let names = TESTS.lines().filter(|line| line.trim_start().starts_with("- expr: "));
    let asked: String = names.collect();
    for name in recorded() {
        assert!(asked.contains(name), "no question of config/prometheus/tests/gpu.yml has {name}");
    }
}

#[test]
fn what_the_rules_use_exists() {
    let known: BTreeSet<_> = [METRICS_MD, METRICS_GPU_MD, METRICS_DISCOVERY_MD]
        .map(documented)
        .into_iter()
        .chain([recorded()])
        .flatten()
        .collect();
    let used = used();
    assert!(used.len() > 8, "{used:?}");
    for name in used {
        assert!(known.contains(name), "{name} is exposed by nobody");
    }
}

#[test]
fn series_are_named_by_their_level() {
    for name in recorded() {
        let parts: Vec<_> = name.split(':').collect();
        let [level, metric, operation] = parts[..] else {
            panic!("{name}: level:metric:operation")
        };
        assert!(LEVELS.contains(&level), "{name}");
        assert!(!metric.ends_with("_total") && !operation.is_empty(), "{name}");
    }
}
