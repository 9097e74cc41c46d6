//! Pages that mean no good, and pages that are broken.

use std::fmt::Write;

use proptest::prelude::*;
use weir_discovery::engine_metrics::{EngineMetrics, ReadError, Reason};
use weir_sim::Engine;

use crate::golden::{exported, read, recorded, scrape};
use crate::versions::TRAFFIC;

const OPENMETRICS: Option<&str> = Some("application/openmetrics-text");

fn count(page: &str, reason: Reason) -> u64 {
    read(page).passed_over().count(reason)
}

#[test]
fn the_newest_name_that_says_something_wins() {
    let both = "vllm:gpu_cache_usage_perc 0.25\nvllm:kv_cache_usage_perc 0.5\n";
    let usage = "llm_engine_kv_cache_usage_ratio";
    assert_eq!(scrape(&read(both)).value(usage, &[]), Some(0.5));
    assert_eq!(count(both, Reason::Superseded), 1);
    let nan = both.replace("0.5", "NaN");
    assert_eq!(scrape(&read(&nan)).value(usage, &[]), Some(0.25));
    assert_eq!((count(&nan, Reason::Superseded), count(&nan, Reason::Value)), (0, 1));
}

#[test]
fn values_that_cannot_be_are_left_out() {
    for value in ["-1", "NaN", "+Inf", "-Inf"] {
        let page = format!(
            "vllm:generation_tokens_total {value}\nvllm:gpu_prefix_cache_hit_rate {value}\n"
        );
        assert!(read(&page).is_empty(), "{value}");
        assert_eq!(count(&page, Reason::Value), 2, "{value}");
    }
    let page = "vllm:cache_config_info{block_size=\"16\"} 2\n";
    assert_eq!(count(page, Reason::Value), 1);
}

#[test]
fn a_histogram_that_cannot_be_is_left_out_alone() {
    let name = "vllm:time_to_first_token_seconds";
    let page = format!(
        "{name}_bucket{{engine=\"0\",le=\"1\"}} 2\n{name}_bucket{{engine=\"0\",le=\"+Inf\"}} 1\n\
         {name}_sum{{engine=\"0\"}} 1\n{name}_count{{engine=\"0\"}} 1\n\
         {name}_bucket{{engine=\"1\",le=\"1\"}} 1\n{name}_bucket{{engine=\"1\",le=\"+Inf\"}} 1\n\
         {name}_sum{{engine=\"1\"}} 0.5\n{name}_count{{engine=\"1\"}} 1\n\
         {name}_bucket{{engine=\"2\",le=\"x\"}} 1\n{name}_bucket{{engine=\"2\",le=\"+Inf\"}} 1\n\
         {name}_sum{{engine=\"2\"}} 0.5\n{name}_count{{engine=\"2\"}} 1\n"
    );
    let sums = scrape(&read(&page));
    let ranks = sums.labels_of("llm_engine_time_to_first_token_seconds_sum", "engine");
    assert!(ranks.into_iter().eq(["1"]));
    assert_eq!((count(&page, Reason::Value), count(&page, Reason::Label)), (7, 1));
}

#[test]
fn names_of_models_are_bounded() {
    let line = |model: &str| format!("vllm:num_requests_running{{model_name=\"{model}\"}} 1\n");
    let many: String = (0..100).map(|model| line(&model.to_string())).collect();
    assert_eq!((read(&many).models().len(), count(&many, Reason::Limit)), (64, 36));
    assert_eq!(count(&line(&"é".repeat(128)), Reason::Label), 0);
    assert_eq!(count(&line(&"é".repeat(129)), Reason::Label), 1);
    for control in ["a\\nb", "a\u{1b}[31m", "a\u{7f}", "a\u{85}"] {
        assert_eq!(count(&line(control), Reason::Label), 1, "{control:?}");
    }
    let quoted = exported(&read(line("a\\\"b\\\\")), "1");
    assert!(quoted.contains("model=\"a\\\"b\\\\\","), "{quoted}");
}

#[test]
fn other_labels_are_bounded() {
    let line =
        |reason: &str| format!("vllm:request_success_total{{finished_reason=\"{reason}\"}} 1\n");
    let many: String = (0..100).map(|reason| line(&reason.to_string())).collect();
    assert_eq!(count(&many, Reason::Limit), 84);
    assert_eq!(count(&line(&"x".repeat(65)), Reason::Label), 1);
    assert_eq!(count("vllm:request_success_total 1\n", Reason::Label), 1);
    assert_eq!(count("vllm:num_requests_running{engine=\"a\\nb\"} 1\n", Reason::Label), 1);
    let foreign = "vllm:num_requests_running{engine=\"1\",secret=\"s3cret\"} 1\n";
    assert!(!exported(&read(foreign), "1").contains("s3cret"));
}

#[test]
fn the_second_of_two_equal_series_is_left_out() {
    let page = "vllm:num_requests_running{a=\"1\"} 1\nvllm:num_requests_running{a=\"2\"} 2\n";
    assert_eq!(scrape(&read(page)).value("llm_engine_requests_running", &[]), Some(1.0));
    assert_eq!(count(page, Reason::Duplicate), 1);
}

#[test]
fn a_series_without_a_model_has_the_only_one_of_its_page() {
    let config = "vllm:cache_config_info{block_size=\"16\",sliding_window=\"None\",num_cpu_blocks=\"None\"} 1\n";
    let model = |page: &str| scrape(&read(page)).labels_of("llm_engine_cache_config_info", "model");
    let running = |model| format!("vllm:num_requests_running{{model_name=\"{model}\"}} 1\n");
    assert!(model(config).into_iter().eq(["fallback"]));
    assert!(model(&(running("a") + config)).into_iter().eq(["a"]));
    assert!(model(&(running("a") + config + &running("b"))).is_empty());
    let page = exported(&read(config), "0.33.0");
    let line = page.lines().last().unwrap();
    let expected = "llm_engine_cache_config_info{container=\"a\",model=\"fallback\",\
                    engine_version=\"0.33.0\",engine=\"0\",block_size=\"16\"} 1";
    assert_eq!(line, expected);
}

#[test]
fn series_are_bounded_and_of_a_family_all_are_there_or_none() {
    let histograms = |ranks: u32| {
        let mut page = String::from("vllm:num_requests_running 1\n");
        for rank in 0..ranks {
            for (name, label) in
                [("bucket", ",le=\"1\""), ("bucket", ",le=\"+Inf\""), ("sum", ""), ("count", "")]
            {
                let name = format!("vllm:time_to_first_token_seconds_{name}");
                writeln!(page, "{name}{{engine=\"{rank}\"{label}}} 1").unwrap();
            }
        }
        page
    };
    let shown = |page: &str| {
        let metrics = read(page);
        let scrape = scrape(&metrics);
        let ranks = scrape.labels_of("llm_engine_time_to_first_token_seconds_count", "engine");
        let running = scrape.value("llm_engine_requests_running", &[]);
        (ranks.len(), running, metrics.passed_over().count(Reason::Limit))
    };
    assert_eq!(shown(&histograms(4_999)), (4_999, Some(1.0), 0));
    // The last one is cut through: without it, sums over ranks would be too small, and nobody could see it.
    assert_eq!(shown(&histograms(5_000)), (0, Some(1.0), 20_000));
    assert_eq!(shown(&histograms(20_000)), (0, Some(1.0), 80_000));
}

#[test]
fn a_page_that_breaks_off_is_none() {
    let (_, page) = Engine::vllm("0.33.0").rust_front_end().exposition("tiny", TRAFFIC);
    assert!(EngineMetrics::read(page.as_bytes(), OPENMETRICS).is_ok());
    // `# EOF` without its line break is an end too.
    for end in (0..page.len() - 1).step_by(101) {
        assert!(EngineMetrics::read(&page.as_bytes()[..end], OPENMETRICS).is_err(), "{end}");
    }
    let page = recorded("0.10.2");
    for end in (1..page.len()).step_by(211).filter(|end| page[*end - 1] != b'\n') {
        assert!(EngineMetrics::read(&page[..end], None).is_err(), "{end}");
    }
}

#[test]
fn one_broken_line_fails_the_page_and_is_not_repeated() {
    let page = "vllm:num_requests_running 1\nvllm:num_requests_waiting s3cret\n";
    let error = EngineMetrics::read(page.as_bytes(), None).unwrap_err();
    let ReadError::Line { line: 2, .. } = error else { panic!("{error:?}") };
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[test]
fn both_formats_say_the_same() {
    let text = "# TYPE vllm:prompt_tokens_total counter\r\n\
        vllm:prompt_tokens_total{model_name=\"m\",engine=\"3\"} 5.0 1700000000000\r\n";
    let openmetrics = "# TYPE vllm:prompt_tokens counter\n# UNIT vllm:prompt_tokens tokens\n\
        vllm:prompt_tokens_total{model_name=\"m\",engine=\"3\"} 5 1700000000.0 # {trace_id=\"x\"} 1 1.5\n\
        vllm:prompt_tokens_created{model_name=\"m\",engine=\"3\"} 1700000000.5\n# EOF\n";
    let (text, openmetrics) =
        (read(text), EngineMetrics::read(openmetrics.as_bytes(), OPENMETRICS).unwrap());
    assert_eq!(exported(&text, "1"), exported(&openmetrics, "1"));
    assert_eq!(openmetrics.passed_over().count(Reason::Listed), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_do_harm(body: Vec<u8>, openmetrics: bool) {
        let _ = EngineMetrics::read(&body, OPENMETRICS.filter(|_| openmetrics));
    }

    #[test]
    fn nothing_like_an_exposition_does_harm(
        body in "((vllm:(num_requests_running|iteration_tokens_total_bucket|cache_config_info)|[a-z:\"\\\\é])\
            ([{} ,=\"\\\\#\t]|le|engine=|\"\\+Inf\"|\"1\"){0,8}( |[0-9.eE+-]|NaN|\\+Inf|#|\r){0,4}\n){0,12}"
    ) {
        if let Ok(metrics) = EngineMetrics::read(body.as_bytes(), None) {
            exported(&metrics, "1");
        }
    }

    #[test]
    fn a_recording_with_some_bytes_changed_does_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
    ) {
        let mut body = recorded("0.32.0");
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if let Ok(metrics) = EngineMetrics::read(&body, None) {
            let page = exported(&metrics, "1");
            prop_assert!(weir_sim::Scrape::parse(&page).is_ok());
        }
    }

    #[test]
    fn what_is_written_is_read(
        model in "[^\\p{Cc}]{1,60}", running in 0.0..1e12f64, blanks in "[ \t]{0,3}", stamp: Option<u32>
    ) {
        let escaped = model.replace('\\', "\\\\").replace('"', "\\\"");
        let stamp = stamp.map(|stamp| format!(" {stamp}")).unwrap_or_default();
        let page = format!(
            "{blanks}vllm:num_requests_running{{{blanks}model_name{blanks}={blanks}\"{escaped}\"{blanks},}}\
             {blanks}{running:?}{stamp}{blanks}\n"
        );
        let metrics = read(&page);
        prop_assert!(metrics.models().into_iter().eq([model.as_str()]));
        let value = scrape(&metrics).value("llm_engine_requests_running", &[("model", &model)]);
        prop_assert_eq!(value, Some(running));
    }
}
