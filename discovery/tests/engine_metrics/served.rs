//! Pages as they come over HTTP.

use std::time::Duration;

use weir_discovery::engine_metrics::EngineMetrics;
use weir_discovery::fetch::{Reach, Server};
use weir_sim::{Engine, Plan, Upstream, eventually};

use crate::golden::scrape;
use crate::versions::engines;

async fn start(engine: Engine) -> (Upstream, Server) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let upstream = Upstream::builder().engine(engine).plan(Plan::tokens(4)).start().await.unwrap();
    let reach = Reach::open(upstream.url().parse().unwrap(), Duration::from_secs(10), 1 << 24);
    (upstream, Server::new(reach).unwrap())
}

async fn metrics(server: &Server) -> EngineMetrics {
    let answer = server.get_as("/metrics", "text/plain").await.unwrap();
    assert_eq!(answer.status, 200);
    EngineMetrics::read(&answer.body, answer.content_type.as_deref()).unwrap()
}

#[tokio::test]
async fn every_version_is_read_from_its_server() {
    for (name, engine) in engines() {
        let (upstream, server) = start(engine).await;
        let asked = reqwest::Client::new()
            .post(format!("{}/v1/completions", upstream.url()))
            .body(r#"{"model":"tiny","prompt":"p"}"#)
            .send();
        assert_eq!(asked.await.unwrap().status(), 200, "{name}");
        let finished = async || {
            let metrics = metrics(&server).await;
            let scrape = scrape(&metrics);
            let at = [("model", "tiny"), ("engine", "0"), ("container", "a")];
            let done = scrape.value("llm_engine_generation_tokens_total", &at) == Some(4.0)
                && scrape.value("llm_engine_requests_running", &at) == Some(0.0)
                && scrape.value("llm_engine_request_duration_seconds_count", &at) == Some(1.0);
            done.then_some(())
        };
        eventually(Duration::from_secs(10), &format!("{name} has counted it"), finished).await;
    }
}

#[tokio::test]
async fn a_front_end_in_rust_shows_nothing_before_its_first_request() {
    let (_upstream, server) = start(Engine::vllm("0.33.0").rust_front_end()).await;
    let answer = server.get_as("/metrics", "text/plain").await.unwrap();
    assert_eq!(&answer.body[..], b"# EOF\n");
    assert!(answer.content_type.unwrap().starts_with("application/openmetrics-text"));
    assert!(metrics(&server).await.is_empty());
}
