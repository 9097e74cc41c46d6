//! Promise 7: what clients and upstreams send is in no line of the log and on no admin page, however
//! talkative the log, and however broken what was sent. Keys, prompts and answers are planted, and
//! then looked for. (That panics tell nothing is tested in `weir-daemon`.)

mod broken;
mod collector;
mod errors;
mod sent;
mod setting;
mod stem;
mod traffic;
mod upstream;

use std::net::SocketAddr;

use weir_sim::{DeadPort, Plan, Upstream};

use crate::models::NO_MODELS;
use crate::process::Weir;
use crate::talk;
use collector::Collector;
use setting::Files;
use stem::{found_in, secret};
use traffic::{ask, leave_midway, poke, send_all};

const PROTOBUF: &str =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

/// Every admin page, in each format.
fn pages(admin: SocketAddr) -> Vec<(String, String)> {
    let page = |path: &str, accept: &str| {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
        );
        (format!("{path} as {accept}"), talk::rest(&mut talk::send(admin, &request)))
    };
    let paths = ["/metrics", "/status", "/models", "/health", "/ready", "/nothing"];
    let mut pages: Vec<_> = paths.iter().map(|path| page(path, "*/*")).collect();
    pages.push(page("/metrics", "application/openmetrics-text;version=1.0.0"));
    pages.push(page("/metrics", PROTOBUF));
    pages
}

/// Sends everything with these filters of the log; what of it was told, and where.
async fn leaks(log: &str) -> (Vec<String>, Weir, Upstream) {
    let sim = Upstream::builder().plan(Plan::tokens(4)).start().await.unwrap();
    let dead = DeadPort::new().unwrap();
    let files = Files::new();
    let config = setting::config(&sim, &dead, &files);
    let args = ["--config", config.to_str().unwrap(), "--admin", "127.0.0.1:0"];
    let collector = Collector::start();
    let set = [
        ("WEIR_LOG", log),
        ("RUST_BACKTRACE", "1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("OTEL_METRICS_EXPORTER", "otlp"),
    ];
    let mut weir = Weir::start_in(&args, &set);
    talk::poll("every upstream was asked for its models", || {
        talk::get(weir.admin, "/ready").starts_with("HTTP/1.1 200 ").then_some(())
    });
    let (edge, engine) = (weir.listener("edge"), weir.listener("engine"));
    tokio::task::spawn_blocking(move || {
        send_all(engine);
        leave_midway(engine);
        // None of it is TLS.
        broken::all().iter().for_each(|bytes| poke(edge, bytes, true));
    })
    .await
    .unwrap();
    talk::settled(weir.admin);
    let mut leaks = Vec::new();
    for (page, text) in pages(weir.admin) {
        leaks.extend(found_in(&text).into_iter().map(|leak| format!("{page}: {leak}")));
    }
    weir.signal("HUP");
    weir.logged("The configuration was read again.");
    weir.signal("TERM");
    assert_eq!(weir.ended().0, Some(0));
    let lines: Vec<_> = weir.log().iter().map(ToString::to_string).collect();
    leaks.extend(found_in(&lines.join("\n")).into_iter().map(|leak| format!("log: {leak}")));
    let access_log = std::fs::read_to_string(&*files.access_log).unwrap();
    let lines = access_log.lines().count();
    assert!(lines > 200, "{lines} lines in the access log");
    // That one header is what clients call their requests in logs.
    let is_request_id = |leak: &String| {
        leak.split(':').next().is_some_and(|place| place.ends_with(".x-request-id"))
    };
    let (ids, told): (Vec<_>, Vec<_>) = found_in(&access_log).into_iter().partition(is_request_id);
    assert!(ids.len() > 100, "{} identifiers in the access log", ids.len());
    leaks.extend(told.into_iter().map(|leak| format!("access log: {leak}")));
    let exported = collector.text();
    for came in ["/v1/traces", "gen_ai.response.finish_reasons", "gen_ai.server.request.duration"] {
        assert!(exported.contains(came), "{came} did not come: {exported:.200}");
    }
    // vLLM calls its answers by that header too.
    let is_answer_id =
        |leak: &String| leak.contains(".x-request-id") && leak.contains("gen_ai.response.id");
    let (ids, told): (Vec<_>, Vec<_>) = found_in(&exported).into_iter().partition(is_answer_id);
    assert!(ids.len() > 10, "{} identifiers in spans", ids.len());
    leaks.extend(told.into_iter().map(|leak| format!("collector: {leak}")));
    (leaks, weir, sim)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_sent_is_told() {
    let (leaks, weir, sim) = leaks("trace").await;
    assert!(leaks.is_empty(), "{} secrets were told:\n{}", leaks.len(), leaks.join("\n"));
    // The log was as talkative as it gets, and the secrets were there to be told.
    let broke_off = weir.said("An exchange broke off.");
    assert!(broke_off.iter().any(|line| line["level"] == "DEBUG"), "{:#?}", weir.log());
    for route in ["raw", "dead", "tls", "key", "echo-401", "no-http", "redirect", "half"] {
        let failed = weir.said(NO_MODELS).into_iter().any(|line| line["route"] == route);
        assert!(failed, "{route} gave a list of models");
    }
    let seen = sim.requests();
    let has = |header: &str| {
        seen.iter()
            .any(|request| request.header(header).is_some_and(|value| value.contains("wormwood")))
    };
    for header in ["authorization", "x-api-key", "cookie", "user-agent"] {
        assert!(has(header), "no secret went through in {header}");
    }
}

/// The search finds what there is to find: libraries that are named tell what passes through them,
/// which is why a level alone does not reach them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_library_that_is_named_tells_secrets() {
    let sim = Upstream::builder().plan(Plan::tokens(4)).start().await.unwrap();
    let args = ["--upstream", &sim.url(), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let mut weir = Weir::start_in(&args, &[("WEIR_LOG", "pingora_core=trace,pingora_proxy=debug")]);
    let body = format!("{{\"model\":\"tiny\",\"prompt\":\"{}\"}}", secret("named.prompt"));
    let request = sent::post("/v1/completions", "named", "", "application/json", &body);
    assert!(ask(weir.address, &request).starts_with("HTTP/1.1 200 "));
    weir.signal("TERM");
    assert_eq!(weir.ended().0, Some(0));
    let lines: Vec<_> = weir.log().iter().map(ToString::to_string).collect();
    let leaks = found_in(&lines.join("\n")).join("\n");
    for place in ["named.authorization", "named.x-api-key", "named.query"] {
        assert!(leaks.contains(place), "{place} was not found, but {leaks}");
    }
}
