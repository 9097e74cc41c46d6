//! Responses that are made in the background, and asked for again.

use std::time::Duration;

use serde_json::{Value, json};
use weir_sim::{Engine, Plan, Upstream, Usage, eventually};

use crate::client::{DEADLINE, End, get, post};
use crate::sse::{contents, jsons, usages};

const RESPONSES: &str = "/v1/responses";

async fn start(plan: Plan) -> Upstream {
    let plan = Plan { prompt_tokens: Some(9), ..plan };
    Upstream::builder().engine(Engine::vllm("0.32.0")).plan(plan).start().await.unwrap()
}

fn body(more: &str) -> String {
    format!(r#"{{"model":"tiny","input":"p"{more}}}"#)
}

fn path(response: &Value) -> String {
    format!("{RESPONSES}/{}", response["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_background_response_is_queued_and_then_there() {
    let slow = Plan { ttft: Duration::from_secs(1_000), ..Plan::tokens(3) };
    let upstream = start(slow).await;
    let answer = post(&upstream, RESPONSES, "", &body(r#","background":true"#)).await.json();
    assert_eq!(get(&upstream, &path(&answer)).await.json()["status"], "queued");

    let upstream = start(Plan::tokens(3)).await;
    let answer = post(&upstream, RESPONSES, "", &body(r#","background":true"#)).await.json();
    assert_eq!((&answer["status"], &answer["usage"]), (&json!("queued"), &Value::Null));
    assert_eq!(answer["background"], true);
    let path = path(&answer);
    let done = eventually(DEADLINE, "the response is complete", async || {
        Some(get(&upstream, &path).await.json()).filter(|response| response["status"] != "queued")
    });
    let done = done.await;
    assert_eq!(
        (&done["status"], &done["usage"]["output_tokens"]),
        (&json!("completed"), &json!(3))
    );
    assert_eq!(done["output"][0]["content"][0]["text"], "A weir is");
    let booked = |all: &[weir_sim::Recorded]| all.iter().all(weir_sim::Recorded::finished);
    let seen = upstream.wait_for(booked, DEADLINE, "all are finished").await;
    assert_eq!((seen[0].input_tokens, seen[0].output_tokens, seen[0].usage), (9, 0, None));
    let told = Usage { input: 9, output: 3, cached: Some(0), reasoning: Some(0) };
    let last = seen.last().unwrap();
    assert_eq!((last.usage, last.input_tokens, last.output_tokens), (Some(told), 0, 0));
}

#[tokio::test]
async fn a_stored_stream_is_told_again_with_its_usage() {
    let upstream = start(Plan::tokens(3)).await;
    let first = post(&upstream, RESPONSES, "", &body(r#","stream":true"#)).await;
    let path = path(&jsons(first.text())[0]["response"]);
    let again = get(&upstream, &format!("{path}?stream=true")).await;
    assert_eq!((again.text(), usages(again.text()).len()), (first.text(), 1));
    let rest = get(&upstream, &format!("{path}?stream=true&starting_after=4")).await;
    assert_eq!(jsons(rest.text())[0]["sequence_number"], 5);
    assert_eq!(get(&upstream, &path).await.json()["status"], "completed");
    let booked = |all: &[weir_sim::Recorded]| all.iter().all(weir_sim::Recorded::finished);
    let seen = upstream.wait_for(booked, DEADLINE, "all are finished").await;
    assert_eq!((seen[1].content_events, seen[1].output_tokens), (3, 0), "no token is new");
    assert_eq!(seen[1].usage.unwrap().output, 3);
    assert_eq!((upstream.totals().input_tokens, upstream.totals().output_tokens), (9, 3));
}

#[tokio::test]
async fn a_replay_has_faults_of_its_own() {
    let upstream = start(Plan::tokens(5)).await;
    let whole = post(&upstream, RESPONSES, "", &body("")).await.json();
    let mut client = crate::client::Client::connect(upstream.addr()).await;
    let target = format!("{}?stream=true", path(&whole));
    let header = "x-sim: fault=close_mid_stream:2";
    client.send(format!("GET {target} HTTP/1.1\r\nhost: sim\r\n{header}\r\n\r\n")).await;
    let answer = client.answer().await;
    assert_eq!((contents(answer.text()).len(), answer.end), (2, End::Closed));
}

#[tokio::test]
async fn what_is_not_stored_is_not_found() {
    let upstream = start(Plan::tokens(3)).await;
    let answer = post(&upstream, RESPONSES, "", &body(r#","store":false"#)).await.json();
    for path in [path(&answer), format!("{RESPONSES}/resp_nosuch")] {
        let missing = get(&upstream, &path).await;
        assert_eq!(
            (missing.status, &missing.json()["error"]["param"]),
            (404, &json!("response_id"))
        );
    }
    let lost = body(r#","store":false,"background":true"#);
    assert_eq!(post(&upstream, RESPONSES, "", &lost).await.status, 400);
    let older = Upstream::builder().engine(Engine::vllm("0.9.2")).start().await.unwrap();
    let missing = get(&older, "/v1/responses/resp_nosuch").await;
    assert_eq!(missing.text(), r#"{"detail":"Not Found"}"#);
}
