//! What is asked, and what comes of it.

use std::collections::BTreeSet;

use crate::scripted::{KEY, Polled, Script, Scripted, until};

/// `/health` and its other relatives run models, and cost money.
const ALLOWED: [&str; 5] = [
    "/health/liveliness",
    "/health/readiness",
    "/health/readiness/details",
    "/model/info",
    "/v1/model/info",
];

#[tokio::test]
async fn a_gateway_is_read() {
    let server = Scripted::start().await;
    let polled = Polled::start(&server.url, Some(KEY));
    let state = polled.until("deployments", |state| state.deployments.is_some()).await;
    assert_eq!((state.live, state.ready), (Some(true), Some(true)));
    assert_eq!(state.version.as_deref(), Some("1.106.2"));
    assert_eq!(state.problem, None);
    let deployments = state.deployments.clone().unwrap();
    let found: Vec<_> = deployments
        .list
        .iter()
        .map(|deployment| {
            let base = deployment.api_base.as_ref().map(ToString::to_string).unwrap_or_default();
            let provider = deployment.provider.as_deref().unwrap_or_default();
            format!("{} = {provider} {} at {base}", deployment.edge_model, deployment.model)
        })
        .collect();
    assert_eq!(
        found,
        [
            "claude = anthropic claude-3-5-sonnet-20241022 at ",
            "gpt-4o = openai gpt-4o at ",
            "llama = hosted_vllm llama at http://127.0.0.1:9801/llama/v1",
            "qwen = openai Qwen/Qwen3-8B at http://127.0.0.1:9801/qwen/v1",
        ]
    );
    assert!(deployments.list.iter().all(|deployment| deployment.model_id.is_some()));
    assert_eq!(polled.source().unwrap().error, None);
}

#[tokio::test]
async fn nothing_is_asked_for_that_costs_anything() {
    let server = Scripted::start().await;
    // Whatever it answers, nothing else is tried.
    for (path, status) in [
        ("/model/info", 404),
        ("/model/info", 500),
        ("/health/readiness", 404),
        ("/model/info", 401),
    ] {
        let polled = Polled::start(&server.url, Some(KEY));
        polled.until("a first round", |state| state.live.is_some()).await;
        server.answers(path, status, "{}");
        let before = server.asked().len();
        until("twenty more", || server.asked().len() >= before + 20).await;
    }
    let asked: BTreeSet<_> = server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked, ALLOWED.map(str::to_owned).into());
}

#[tokio::test]
async fn the_key_is_shown_where_it_is_needed_only() {
    let server = Scripted::start().await;
    let polled = Polled::start(&server.url, Some(KEY));
    until("deployments were asked for again", || server.count("/model/info") >= 2).await;
    for asked in server.asked() {
        let is_open = matches!(asked.path.as_str(), "/health/liveliness" | "/health/readiness");
        assert_eq!(asked.key.is_none(), is_open, "{asked:?}");
    }
    assert!(!format!("{:?} {:?}", polled.poller, polled.poller.state()).contains(KEY));
}

#[tokio::test]
async fn older_gateways_have_another_path_and_tell_their_version_to_all() {
    let server = Scripted::start().await;
    server.answers("/model/info", 404, "{}");
    let recorded = include_bytes!("recorded/model-info-1.106.2.json");
    server.script("/v1/model/info", Script::Locked(recorded.to_vec()));
    server.answers("/health/readiness", 200, r#"{"litellm_version":"1.60.2","db":"connected"}"#);
    let polled = Polled::start(&server.url, Some(KEY));
    let state = polled.until("deployments", |state| state.deployments.is_some()).await;
    assert_eq!(state.version.as_deref(), Some("1.60.2"));
    assert_eq!(server.count("/health/readiness/details"), 0);
}

#[tokio::test]
async fn an_open_gateway_needs_no_key() {
    let server = Scripted::start().await;
    server.answers("/model/info", 200, r#"{"data":[]}"#);
    let polled = Polled::start(&server.url, None);
    let state = polled.until("an answer", |state| state.deployments.is_some()).await;
    assert_eq!((state.problem.clone(), state.deployments.as_ref().unwrap().list.len()), (None, 0));
}

#[tokio::test]
async fn what_is_changed_is_seen() {
    let server = Scripted::start().await;
    let polled = Polled::start(&server.url, Some(KEY));
    polled.until("four", |state| count(state) == Some(4)).await;
    let row = r#"{"data":[{"model_name":"a","litellm_params":{"model":"hosted_vllm/a"}}]}"#;
    server.answers("/model/info", 200, row);
    polled.until("one", |state| count(state) == Some(1)).await;
}

#[tokio::test]
async fn a_poller_that_is_dropped_asks_no_more_and_is_no_source() {
    let server = Scripted::start().await;
    let polled = Polled::start(&server.url, Some(KEY));
    polled.until("deployments", |state| state.deployments.is_some()).await;
    assert!(polled.source().is_some());
    let Polled { poller, sources, .. } = polled;
    drop(poller);
    assert!(sources.all().is_empty());
    // One that comes after it is a source all the same.
    let next = Polled::with("litellm", &server.url, Default::default(), sources);
    next.until("a round", |state| state.live.is_some()).await;
    until("the source", || next.source().is_some()).await;
}

fn count(state: &weir_discovery::litellm::GatewayState) -> Option<usize> {
    state.deployments.as_ref().map(|deployments| deployments.list.len())
}
