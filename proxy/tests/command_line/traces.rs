//! Collectors that are not there, refuse or never answer, and variables that can't be used: no request notices.

use std::net::TcpListener;
use std::time::Duration;

use weir_sim::{DeadPort, Plan, Upstream};

use crate::process::Weir;
use crate::talk;

const SPANS: &str = "weir_telemetry_spans_total";

async fn weir(environment: &[(&str, &str)]) -> (Upstream, Weir) {
    let upstream = Upstream::builder().plan(Plan::tokens(2)).start().await.unwrap();
    let url = upstream.url();
    let args = ["--upstream", &url, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let weir = Weir::start_in(&args, environment);
    (upstream, weir)
}

/// So many requests, one after the other, and their ends.
fn ask(weir: &Weir, count: usize) {
    for _ in 0..count {
        let answer = talk::rest(&mut talk::chat(weir.address, "tokens=2"));
        assert!(answer.contains("[DONE]"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_notices_a_collector() {
    let (dead, silent) = (DeadPort::new().unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let dead = dead.url();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    for (endpoint, protocol) in
        [(&dead, "http/protobuf"), (&dead, "grpc"), (&silent, "http/protobuf"), (&silent, "grpc")]
    {
        let (_upstream, mut weir) = weir(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_BSP_SCHEDULE_DELAY", "1"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "10"),
            ("OTEL_METRICS_EXPORTER", "otlp"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "10"),
        ])
        .await;
        ask(&weir, 30);
        let scrape = talk::settled(weir.admin);
        assert_eq!(scrape.value(SPANS, &[("result", "exported")]), Some(0.0));
        weir.signal("TERM");
        let (code, took) = weir.ended();
        assert_eq!(code, Some(0), "{endpoint} {protocol}");
        assert!(took < Duration::from_secs(10), "{endpoint} {protocol}: it took {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_sampled_is_said_upstream() {
    let dead = DeadPort::new().unwrap();
    let endpoint = dead.url();
    for (sampler, flag) in [("always_off", "-00"), ("always_on", "-01")] {
        let (upstream, weir) =
            weir(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), ("OTEL_TRACES_SAMPLER", sampler)])
                .await;
        ask(&weir, 1);
        let seen = upstream.requests();
        let sent = seen.iter().find_map(|request| request.header("traceparent")).unwrap();
        assert!(sent.ends_with(flag), "{sampler}: {sent}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variables_that_can_t_be_used_are_told_and_no_more() {
    let (_upstream, weir) = weir(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/not/there.pem"),
        ("OTEL_TRACES_SAMPLER", "xray"),
    ])
    .await;
    ask(&weir, 1);
    let warned = weir.said("A variable of OpenTelemetry can't be used.");
    assert!(warned[0]["warning"].as_str().unwrap().starts_with("OTEL_TRACES_SAMPLER = \"xray\""));
    let failed = weir.said("No spans are exported.");
    assert!(failed[0]["error"].as_str().unwrap().contains("/not/there.pem"), "{failed:?}");
}
