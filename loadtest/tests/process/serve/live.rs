//! Live figures: from a Prometheus, or from the exporters.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use weir_sim::DeadPort;

use super::Page;

/// A server of a test's own; returns its URL.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

/// What a Prometheus knows: to the first of these that a question contains, or is (`^`), the answer is the series beside it.
const KNOWN: [(&str, &str, &str); 9] = [
    ("nvidia_gpu_info", "{\"gpu\":\"0\",\"uuid\":\"GPU-1\",\"name\":\"NVIDIA H200\"}", "1"),
    ("nvidia_gpu_duty_cycle", "{\"gpu\":\"0\",\"uuid\":\"GPU-1\"}", "50"),
    ("nvidia_gpu_power_usage_milliwatts", "{\"gpu\":\"0\",\"uuid\":\"GPU-1\"}", "350500"),
    ("nvidia_gpu_temperature_celsius", "{\"gpu\":\"0\",\"uuid\":\"GPU-1\"}", "NaN"),
    (
        "engine_version) (llm_engine_up",
        "{\"container\":\"a\",\"model\":\"m\",\"engine_version\":\"0.32.0\"}",
        "1",
    ),
    ("(llm_engine_up)", "{\"container\":\"a\",\"model\":\"m\"}", "0"),
    (
        "quantile(0.95, sum by (model, hop, le) (rate(llm_time_to_first_token_seconds_bucket",
        "{\"model\":\"m\",\"hop\":\"edge\"}",
        "0.25",
    ),
    (
        "^sum by (model, hop) (rate(llm_requests_total{route!=\"unrouted\"}[1m]))",
        "{\"model\":\"m\",\"hop\":\"edge\"}",
        "2",
    ),
    ("llm_requests_started_total", "{\"model\":\"e\",\"hop\":\"engine\"}", "3"),
];

async fn answer(
    State(asked): State<Arc<AtomicUsize>>,
    Query(query): Query<Vec<(String, String)>>,
) -> String {
    asked.fetch_add(1, Ordering::Relaxed);
    let query = &query.iter().find(|(name, _)| name == "query").unwrap().1;
    let known = KNOWN.iter().find(|(part, ..)| match part.strip_prefix('^') {
        Some(whole) => query == whole,
        None => query.contains(part),
    });
    let series = known
        .map(|(_, labels, value)| format!("{{\"metric\":{labels},\"value\":[1,\"{value}\"]}}"));
    let result = series.unwrap_or_default();
    format!(
        "{{\"status\":\"success\",\"data\":{{\"resultType\":\"vector\",\"result\":[{result}]}}}}"
    )
}

#[tokio::test]
async fn prometheus_is_asked_once_for_all_who_look() {
    let asked = Arc::new(AtomicUsize::new(0));
    let router = Router::new().route("/api/v1/query", get(answer)).with_state(Arc::clone(&asked));
    let url = serve(router).await;
    let page = Page::start(&format!("prometheus = {url:?}\n"));

    let looks = (0..10).map(|_| page.json("/api/metrics/gpu"));
    for (status, seen) in futures_util::future::join_all(looks).await {
        assert_eq!((status, &seen["source"]), (200, &json!(format!("Prometheus {url}/"))));
        let gpu = json!({
            "gpu": "0", "uuid": "GPU-1", "name": "NVIDIA H200", "utilisation": 0.5, "power_watts": 350.5
        });
        assert_eq!(seen["gpus"], json!([gpu]), "what is not known is absent");
        assert_eq!(seen["error"], Value::Null);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 7, "one question for each figure");

    let (_, engines) = page.json("/api/metrics/vllm").await;
    let engine = json!({"container": "a", "model": "m", "up": false, "version": "0.32.0"});
    assert_eq!(engines["engines"], json!([engine]));
    let (_, proxy) = page.json("/api/metrics/proxy").await;
    assert_eq!(proxy["hop"], "edge");
    let model = json!({
        "model": "m", "hop": "edge", "requests_per_second": 2.0, "time_to_first_token_p95": 0.25
    });
    assert_eq!(proxy["models"], json!([model]), "hops are not put together");
}

#[tokio::test]
async fn a_prometheus_that_is_down_is_said_and_nobody_else_is_asked() {
    let page_of_gpus =
        serve(Router::new().route("/metrics", get(async || "nvidia_gpu_up{gpu=\"0\"} 1\n"))).await;
    let nobody = DeadPort::new().unwrap();
    let page = Page::start(&format!(
        "prometheus = {:?}\ngpu_exporter = \"{page_of_gpus}/metrics\"\n",
        nobody.url()
    ));
    let (status, seen) = page.json("/api/metrics/gpu").await;
    assert_eq!((status, &seen["gpus"]), (503, &json!([])));
    let error = seen["error"].as_str().unwrap();
    assert!(error.contains("asking Prometheus at") && error.contains("refused"), "{error}");
    assert!(error.contains("nobody else is asked"), "{error}");
}

#[tokio::test]
async fn without_prometheus_the_exporters_are_asked() {
    let scrapes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&scrapes);
    let proxy = move || {
        let n = count.fetch_add(1, Ordering::Relaxed) + 1;
        let text = format!(
            "# TYPE llm_requests_total counter\n\
             llm_requests_total{{route=\"x\",hop=\"engine\",model=\"m\",status=\"success\",outcome=\"success\"}} {}\n\
             llm_requests_total{{route=\"x\",hop=\"engine\",model=\"m\",status=\"error\",outcome=\"overloaded\"}} {}\n\
             llm_requests_started_total{{route=\"x\",hop=\"engine\",model=\"m\"}} {}\n\
             llm_time_to_first_token_seconds_bucket{{route=\"x\",hop=\"engine\",model=\"m\",le=\"0.1\"}} {}\n\
             llm_time_to_first_token_seconds_bucket{{route=\"x\",hop=\"engine\",model=\"m\",le=\"+Inf\"}} {}\n",
            30 * n,
            10 * n,
            40 * n + 5,
            40 * n,
            40 * n
        );
        async move { text }
    };
    let gpus = async || "nvidia_gpu_info{gpu=\"0\",uuid=\"GPU-1\",name=\"H200\"} 1\nnvidia_gpu_up{gpu=\"0\",uuid=\"GPU-1\"} 0\n";
    let url = serve(Router::new().route("/metrics", get(proxy)).route("/gpus", get(gpus))).await;
    let page = Page::start(&format!(
        "proxy = \"{url}/metrics\"\ngpu_exporter = \"{url}/gpus\"\ndiscovery = \"none\"\n"
    ));
    assert_eq!(scrapes.load(Ordering::Relaxed), 0, "nobody looks");
    let (status, seen) = page.json("/api/metrics/proxy").await;
    assert_eq!((status, &seen["source"]), (200, &json!(format!("exporter {url}/metrics"))));
    let model = &seen["models"][0];
    assert_eq!(
        (&model["model"], &model["hop"], &seen["hop"]),
        (&json!("m"), &json!("engine"), &json!("engine"))
    );
    assert_eq!((&model["error_ratio"], &model["active"]), (&json!(0.25), &json!(5.0)));
    assert_eq!(model["time_to_first_token_p50"], 0.05);
    assert!(
        model["requests_per_second"].as_f64().is_some_and(|rate| rate > 0.0 && rate <= 40.0),
        "{model}"
    );
    assert_eq!(model.get("output_tokens_per_second"), None);
    assert_eq!(scrapes.load(Ordering::Relaxed), 2, "one scrape alone tells no rate");

    let (status, seen) = page.json("/api/metrics/gpu").await;
    let gpu = json!({"gpu": "0", "uuid": "GPU-1", "name": "H200", "up": false});
    assert_eq!((status, &seen["gpus"]), (200, &json!([gpu])));
    let (status, seen) = page.json("/api/metrics/vllm").await;
    assert_eq!(
        (status, &seen["error"]),
        (503, &json!("[loadtest] discovery is \"none\": nobody is asked"))
    );
}

#[tokio::test]
async fn pages_that_are_no_metrics_are_said() {
    let refused = async || (axum::http::StatusCode::UNAUTHORIZED, "no");
    let router = Router::new()
        .route("/text", get(async || "<html>"))
        .route("/401", get(refused))
        .route("/empty", get(async || "other_metric 1\n"));
    let url = serve(router).await;
    let page = Page::start(&format!(
        "proxy = \"{url}/text\"\ngpu_exporter = \"{url}/401\"\ndiscovery = \"{url}/empty\"\n"
    ));
    for (path, status, words) in [
        ("/api/metrics/proxy", 503, "is no page of metrics: line 1"),
        ("/api/metrics/gpu", 503, "401 Unauthorized"),
        ("/api/metrics/vllm", 200, "has no llm_engine_up"),
    ] {
        let (found, seen) = page.json(path).await;
        assert_eq!(found, status, "{path}: {seen}");
        assert!(seen["error"].as_str().unwrap().contains(words), "{seen}");
    }
}
