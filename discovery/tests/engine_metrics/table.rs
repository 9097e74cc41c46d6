//! The table of names, checked.

use std::collections::BTreeSet;

use weir_discovery::engine_metrics::{Alias, EngineMetrics, Kind, Reason, Table};
use weir_sim::{Engine, Scrape};

use crate::versions::{TRAFFIC, engines};

/// What every engine's metrics are promised to be called.
const PROMISED: &str = "requests_running requests_waiting kv_cache_usage_ratio prefix_cache_queries_total \
    prefix_cache_hits_total preemptions_total prompt_tokens_total generation_tokens_total \
    requests_finished_total time_to_first_token_seconds inter_token_latency_seconds \
    time_per_output_token_seconds request_queue_seconds request_prefill_seconds request_decode_seconds \
    request_duration_seconds iteration_tokens spec_decode_draft_tokens_total \
    spec_decode_accepted_tokens_total cache_config_info sleep_state";

fn version(text: &str) -> (u32, u32, u32) {
    let parts: Vec<u32> = text.split('.').map(|part| part.parse().unwrap()).collect();
    let [major, minor, patch] = parts[..] else { panic!("{text} is no version") };
    (major, minor, patch)
}

#[test]
fn nothing_promised_is_missing() {
    let names: BTreeSet<_> = Table::get().families().iter().map(|family| family.name).collect();
    for promised in PROMISED.split_whitespace() {
        assert!(names.contains(format!("llm_engine_{promised}").as_str()), "{promised}");
    }
}

#[test]
fn no_name_stands_for_two_things() {
    let table = Table::get();
    let (mut names, mut aliases) = (BTreeSet::new(), BTreeSet::new());
    for family in table.families() {
        assert!(names.insert(family.name), "{} is there twice", family.name);
        for alias in &family.aliases {
            assert!(aliases.insert(alias.name), "{} is there twice", alias.name);
        }
    }
    for listed in table.passed_over() {
        let start = listed.name.trim_end_matches('*');
        let is_exact = aliases.contains(listed.name);
        assert!(!is_exact && !listed.reason.is_empty(), "{}", listed.name);
        // llama.cpp's are few: those that are exported come before the star.
        let hides = start != listed.name && aliases.iter().any(|alias| alias.starts_with(start));
        assert!(!hides || start == "llamacpp:", "{}", listed.name);
    }
}

#[test]
fn names_say_what_they_are() {
    for family in Table::get().families() {
        let name = family.name;
        assert!(name.starts_with("llm_engine_") && !family.help.is_empty(), "{name}");
        assert_eq!(name.ends_with("_total"), family.kind == Kind::Counter, "{name}");
        assert_eq!(name.ends_with("_info"), family.kind == Kind::Info, "{name}");
        for unit in ["seconds", "ratio"] {
            assert_eq!(name.ends_with(unit), family.unit == Some(unit), "{name}");
        }
        let common = ["container", "container_id", "model", "engine_version", "engine", "le"];
        assert!(family.labels.iter().all(|label| !common.contains(&label.name)), "{name}");
        for alias in &family.aliases {
            assert!(alias.divisor > 0.0, "{}", alias.name);
            let is_total = alias.name.ends_with("_total");
            let is_odd = alias.name == "vllm:iteration_tokens_total";
            assert!(is_odd || is_total == (family.kind == Kind::Counter), "{}", alias.name);
        }
    }
}

#[test]
fn versions_are_in_order() {
    for family in Table::get().families() {
        let ours: Vec<_> = family.aliases.iter().filter(|alias| alias.server == "vllm").collect();
        for alias in &ours {
            let first = version(alias.first.unwrap());
            let ends: Vec<_> =
                [alias.hidden, alias.last].into_iter().flatten().map(version).collect();
            assert!(ends.is_sorted() && ends.iter().all(|end| *end > first), "{}", alias.name);
            let generation = alias.generation;
            assert!(matches!(generation, None | Some("V0" | "V1")), "{}", alias.name);
        }
        for two in ours.windows(2) {
            // V0's second name for the same thing came with it.
            let is_newer = version(two[0].first.unwrap()) > version(two[1].first.unwrap());
            assert!(is_newer || two[1].generation == Some("V0"), "{}", two[0].name);
        }
    }
}

/// Whether a version of vLLM shows it unasked.
fn is_expected(alias: &Alias, at: (u32, u32, u32), generation: &str) -> bool {
    alias.server == "vllm"
        && alias.generation.is_none_or(|of| of == generation)
        && alias.first.is_some_and(|first| version(first) <= at)
        && alias.hidden.is_none_or(|hidden| at < version(hidden))
        && alias.last.is_none_or(|last| at <= version(last))
}

#[test]
fn versions_have_what_the_table_says() {
    // The Rust front end has less, which the table only notes.
    for (name, engine) in engines().into_iter().filter(|(name, _)| !name.ends_with("Rust")) {
        let at = version(engine.version());
        let generation = if name.ends_with("V0") || at < (0, 8, 0) { "V0" } else { "V1" };
        let (_, page) = engine.speculative().exposition("tiny", TRAFFIC);
        let page = Scrape::parse(&page).unwrap();
        for family in Table::get().families() {
            for alias in &family.aliases {
                let end = if family.kind == Kind::Histogram { "_count" } else { "" };
                let is_there = page.sum(&format!("{}{end}", alias.name), &[]).is_some();
                assert_eq!(is_there, is_expected(alias, at, generation), "{name}: {}", alias.name);
            }
        }
    }
}

#[test]
fn llama_cpp_is_understood() {
    let (content_type, page) = Engine::llama_cpp().exposition("tiny", TRAFFIC);
    let metrics = EngineMetrics::read(page.as_bytes(), Some(content_type)).unwrap();
    assert_eq!(metrics.passed_over().count(Reason::Unknown), 0);
    let scrape = crate::golden::scrape(&metrics);
    let fallback = [("model", "fallback"), ("engine", "0")];
    assert_eq!(scrape.value("llm_engine_generation_tokens_total", &fallback), Some(13.0));
    assert_eq!(scrape.value("llm_engine_prompt_tokens_total", &fallback), Some(1792.0));
}
