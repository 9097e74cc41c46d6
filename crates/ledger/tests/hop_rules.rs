//! The recording rules of `config/prometheus/rules/hop.yml`: documented, tested, and made of metrics that exist. What
//! they make of series is tested by promtool (`make rules`).
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use weir_ledger::Ledger;

const RULES: &str = include_str!("../../../config/prometheus/rules/hop.yml");
const TESTS: &str = include_str!("../../../config/prometheus/tests/hop.yml");
const METRICS_MD: &str = include_str!("../../../METRICS.md");
const METRICS_DISCOVERY_MD: &str = include_str!("../../../METRICS-DISCOVERY.md");

fn recorded() -> BTreeSet<&'static str> {
    RULES.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).collect()
}

/// Names in the expressions.
fn used() -> BTreeSet<&'static str> {
    let code = RULES.lines().map(str::trim_start);
    let code = code.filter(|line| !line.starts_with('#') && !line.starts_with("- record"));
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = code.flat_map(|line| line.split(move |c| !is_of_a_name(c)));
    words.filter(|word| word.contains("llm_")).collect()
}

#[test]
fn metrics_md_lists_the_rules_and_each_is_tested() {
    let first = |line: &'static str| Some(line.strip_prefix("| `")?.split_once('`')?.0);
    let documented: BTreeSet<_> =
        METRICS_MD.lines().filter_map(first).filter(|name| name.contains(":llm_hop")).collect();
    assert_eq!(documented, recorded(), "METRICS.md (left) and the rules (right)");
    let asked = TESTS.lines().filter(|line| line.contains("- expr: ")).collect::<String>();
    for name in recorded() {
        assert!(asked.contains(name), "no question of config/prometheus/tests/hop.yml has {name}");
    }
}

#[test]
fn what_the_rules_use_exists() {
    let ledger = Ledger::new();
    let used = used();
    assert!(used.len() > 8, "{used:?}");
    for name in used {
        let base = name.strip_suffix("_sum").or_else(|| name.strip_suffix("_count"));
        let is_ours = ledger.metric_names().contains(&base.unwrap_or(name));
        let is_discoverys = METRICS_DISCOVERY_MD.contains(&format!("| `{name}` |"));
        assert!(
            is_ours || is_discoverys || recorded().contains(name),
            "{name} is exposed by nobody"
        );
    }
}
