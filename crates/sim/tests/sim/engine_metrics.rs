//! `/metrics` of vLLM's generations.

use std::time::Duration;

use weir_sim::{Engine, Scrape, Served, Upstream};

use crate::client::get;

const ONE: Served = Served {
    input: 20,
    cached: 16,
    steps: &[1, 2],
    queue: Duration::ZERO,
    first_token: Duration::from_millis(500),
    gap: Duration::from_millis(25),
    is_open: false,
    is_cut: false,
};

fn page(engine: Engine, served: &[Served]) -> Scrape {
    Scrape::parse(&engine.exposition("ti\"ny", served).1).unwrap()
}

#[test]
fn switches_only_work_where_there_is_something_to_switch() {
    for (version, changes) in [("0.7.3", false), ("0.9.2", true), ("0.11.0", false)] {
        let engine = Engine::vllm(version);
        let same =
            engine.exposition("tiny", &[ONE]) == engine.clone().v0().exposition("tiny", &[ONE]);
        assert_eq!(same, !changes, "{version}");
    }
    assert!(Engine::vllm("0.21.0").rust_front_end().exposition("tiny", &[]).0.starts_with("text/"));
    let drafts = |engine: Engine| {
        page(engine.speculative(), &[ONE]).value("vllm:spec_decode_num_draft_tokens_total", &[])
    };
    assert_eq!(drafts(Engine::vllm("0.8.0")), None);
    assert_eq!(drafts(Engine::vllm("0.8.5")), Some(3.0));
}

#[test]
fn a_request_is_counted_once_over() {
    let waits = Served { steps: &[], is_open: true, ..ONE };
    let scrape = page(Engine::vllm("0.32.0"), &[ONE, Served { is_open: true, ..ONE }, waits]);
    let tiny = [("model_name", "ti\"ny"), ("engine", "0")];
    for (name, value) in [
        ("vllm:num_requests_running", 1.0),
        ("vllm:num_requests_waiting", 1.0),
        ("vllm:generation_tokens_total", 6.0),
        ("vllm:prompt_tokens_total", 40.0),
        ("vllm:time_to_first_token_seconds_count", 2.0),
        ("vllm:e2e_request_latency_seconds_sum", 0.525),
    ] {
        assert_eq!(scrape.value(name, &tiny), Some(value), "{name}");
    }
}

#[tokio::test]
async fn the_front_end_in_rust_answers_in_openmetrics() {
    let engine = Engine::vllm("0.33.0").rust_front_end();
    let upstream = Upstream::builder().engine(engine.clone()).start().await.unwrap();
    let answer = get(&upstream, "/metrics").await;
    let openmetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(openmetrics));
    assert_eq!(answer.text(), "# EOF\n");
    let (_, page) = engine.exposition("tiny", &[ONE]);
    assert!(page.contains("# TYPE vllm:prompt_tokens counter\n"));
    assert!(page.contains("\nvllm:prompt_tokens_total{model_name=\"tiny\",engine=\"0\"} 20\n"));
    assert!(page.ends_with("\n# EOF\n") && !page.contains("cache_config"));
}
