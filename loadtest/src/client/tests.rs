use std::collections::BTreeMap;

use bytes::Bytes;
use weir_daemon::config::Span;
use weir_sim::{DeadPort, Plan, Recorded, Upstream};
use weir_wire::{OutcomeKind, Source};

use super::*;
use crate::scenario::Scenario;

const DEADLINE: Duration = Duration::from_secs(30);

fn settings(target: &str, scenario: Scenario) -> Settings {
    Settings {
        target: target.parse().unwrap(),
        name: scenario.name.clone(),
        scenario,
        key: None,
        trace: false,
        labels: BTreeMap::new(),
    }
}

fn client(target: &str) -> Client {
    let timeout = Span::from_secs(10);
    Client::new(&settings(target, Scenario { timeout, ..Scenario::default() })).unwrap()
}

fn ask(streamed: bool) -> Ask {
    let body = serde_json::json!({
        "model": "tiny",
        "stream": streamed,
        "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "Hello"}],
    });
    Ask {
        endpoint: Endpoint::ChatCompletions,
        path: "/v1/chat/completions",
        body: Bytes::from(body.to_string()),
        model: "tiny".to_owned(),
        streamed,
        turn: 0,
        prompt_number: 0,
        prompt: "Hello".to_owned(),
        pause: Duration::ZERO,
    }
}

async fn upstream(plan: &str) -> Upstream {
    let plan: Plan = plan.parse().unwrap();
    Upstream::builder().models(["tiny"]).plan(plan).start().await.unwrap()
}

#[tokio::test]
async fn a_stream_is_measured_as_the_proxy_does_it() {
    let upstream = upstream("tokens=8,ttft=30ms,gap=5ms").await;
    let client = client(&upstream.url());
    let sample = client.send(&ask(true), false, &Stop::new()).await;
    let outcome = &sample.outcome;
    assert_eq!(outcome.kind, OutcomeKind::Success, "{:?}", sample.why);
    assert!(outcome.streamed && !sample.cut && sample.text.is_none());
    assert_eq!(outcome.content_events, 8);
    // On a busy machine two events may come at once.
    assert!((1..=7).contains(&sample.gaps.len()), "{:?}", sample.gaps);
    // What is scripted is the least that can come.
    assert!(outcome.time_to_first_token.unwrap() >= Duration::from_millis(29));
    assert!(outcome.time_per_output_token.unwrap() >= Duration::from_millis(2));
    assert!(outcome.duration >= Duration::from_millis(64));
    assert!(outcome.overhead.unwrap() < outcome.duration);
    assert_eq!((client.live().events(), client.live().active()), (8, 0));
}

#[tokio::test]
async fn what_the_server_says_is_counted_as_reported() {
    let upstream = upstream("tokens=5,prompt=40").await;
    let sample = client(&upstream.url()).send(&ask(false), false, &Stop::new()).await;
    let tokens = sample.outcome.tokens;
    assert!(!sample.outcome.streamed);
    assert_eq!(tokens.input.map(|it| (it.count, it.source)), Some((40, Source::Reported)));
    assert_eq!(tokens.output.map(|it| it.count), Some(5));
    assert!(sample.outcome.time_to_first_byte.is_some() && sample.gaps.is_empty());
}

#[tokio::test]
async fn faults_are_told_apart() {
    for (fault, outcome) in [
        ("status:503", OutcomeKind::Overloaded),
        ("status:500", OutcomeKind::UpstreamError),
        ("status:429", OutcomeKind::RateLimited),
        ("context_length", OutcomeKind::ContextLength),
        ("in_band_error:2", OutcomeKind::StreamError),
        ("reset_mid_event:2", OutcomeKind::UpstreamReset),
        ("end_without_finish:3", OutcomeKind::Truncated),
    ] {
        let upstream = upstream(&format!("tokens=8,fault={fault}")).await;
        let sample = client(&upstream.url()).send(&ask(true), false, &Stop::new()).await;
        assert_eq!(sample.outcome.kind, outcome, "{fault}: {:?}", sample.why);
    }
    let place = DeadPort::new().unwrap();
    let sample = client(&place.url()).send(&ask(true), false, &Stop::new()).await;
    assert_eq!(sample.outcome.kind, OutcomeKind::ConnectFailed);
    assert!(sample.why.unwrap().contains("refused"));
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up() {
    let upstream = upstream("tokens=8,fault=stall:2").await;
    let scenario = Scenario { timeout: Span::from_millis(200), ..Scenario::default() };
    let client = Client::new(&settings(&upstream.url(), scenario)).unwrap();
    let sample = client.send(&ask(true), false, &Stop::new()).await;
    assert_eq!(sample.outcome.kind, OutcomeKind::UpstreamTimeout);
    assert!(sample.outcome.duration >= Duration::from_millis(200) && !sample.cut);
}

#[tokio::test]
async fn whoever_stops_it_cuts_what_is_under_way() {
    let upstream = upstream("tokens=8,fault=stall:2").await;
    let client = client(&upstream.url());
    let stop = Stop::new();
    let sending = async { client.send(&ask(true), false, &stop).await };
    let stopping = async {
        let came = |requests: &[Recorded]| !requests.is_empty();
        upstream.wait_for(came, DEADLINE, "the request").await;
        stop.stop();
    };
    let (sample, ()) = tokio::join!(sending, stopping);
    assert!(sample.cut);
    upstream
        .wait_for(|all| all.iter().any(Recorded::client_left), DEADLINE, "the client leaves")
        .await;
}

#[tokio::test]
async fn keys_headers_and_traces_go_with_each_request() {
    let upstream = upstream("tokens=2").await;
    let scenario = Scenario {
        headers: BTreeMap::from([("x-team".to_owned(), "blue".to_owned())]),
        ..Scenario::default()
    };
    let target = format!("{}/v1/", upstream.url());
    let settings = Settings {
        key: Some(HeaderValue::from_static("Bearer sk-1")),
        trace: true,
        ..settings(&target, scenario)
    };
    let client = Client::new(&settings).unwrap();
    let chat = client.send(&ask(true), false, &Stop::new()).await;
    let messages = Ask { endpoint: Endpoint::Messages, path: "/v1/messages", ..ask(true) };
    client.send(&messages, false, &Stop::new()).await;
    let both = |requests: &[Recorded]| requests.len() == 2;
    let requests = upstream.wait_for(both, DEADLINE, "two requests").await;
    let trace = chat.trace_id.unwrap();
    let parent = requests[0].header("traceparent").unwrap();
    assert!(parent.starts_with(&format!("00-{trace}-")) && parent.ends_with("-01"), "{parent}");
    assert_eq!(requests[0].path, "/v1/chat/completions");
    assert_eq!(requests[0].header("x-team"), Some("blue"));
    assert_eq!(requests[0].header("authorization"), Some("Bearer sk-1"));
    assert_eq!(requests[0].header("x-api-key"), None);
    assert_eq!(requests[1].header("x-api-key"), Some("sk-1"));
    assert_eq!(requests[1].header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(
        requests[0].header("content-length"),
        Some(ask(true).body.len().to_string().as_str())
    );
}

/// Somebody who answers every request with these bytes.
async fn somebody(answer: &'static [u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _read = connection.read(&mut [0; 4096]).await;
            let _written = connection.write_all(answer).await;
            // Until the client goes.
            while connection.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_redirect_is_no_success() {
    let elsewhere =
        b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /v2\r\ncontent-length: 0\r\n\r\n";
    let client = client(&somebody(elsewhere).await);
    let sample = client.send(&ask(true), false, &Stop::new()).await;
    assert_eq!(sample.outcome.kind, OutcomeKind::UpstreamError);
    assert_eq!(sample.outcome.http_status, Some(307));
    assert!(sample.why.unwrap().contains("307"), "it is said");
}
