//! Answers of every shape: tools, a limit that is reached, empty tokens, several tokens in an event,
//! a whole answer in chunks.

use serde_json::{Value, json};
use weir_sim::{Engine, Plan};

use crate::rig::Api;
use crate::scene::Scene;

/// Asks every API of every engine that generates, streamed and not, with these members added to the request.
async fn check(plan: Plan, members: &[(&str, Value)]) {
    let plan = Plan { prompt_tokens: Some(30), ..plan };
    for server in [Engine::vllm("0.32.0"), Engine::litellm("1.106.2"), Engine::llama_cpp()] {
        let apis = Api::of(&server).into_iter().filter(|api| api.streams());
        let cases: Vec<_> = apis.flat_map(|api| [(api, true), (api, false)]).collect();
        let models: Vec<_> = cases.iter().map(|case| format!("{case:?}")).collect();
        let scene = Scene::start(server, plan.clone(), &models).await;
        for (&(api, stream), model) in cases.iter().zip(&models) {
            let mut body = api.body(model, stream);
            for (member, value) in members {
                body[*member] = value.clone();
            }
            scene.check(api, &body).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tool_calls() {
    check(Plan { tool_call: true, reasoning_tokens: 2, ..Plan::tokens(9) }, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_is_reached() {
    let limits = [("max_tokens", json!(5)), ("max_output_tokens", json!(5))];
    check(Plan::tokens(9), &limits).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_without_text() {
    let text = ["é", "", "w", "", ""].map(str::to_owned).to_vec();
    check(Plan { text, ..Plan::tokens(12) }, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_tokens_in_an_event() {
    check(Plan { tokens_per_event: 4, reasoning_tokens: 5, ..Plan::tokens(18) }, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_token() {
    check(Plan::tokens(1), &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_answer_in_chunks() {
    check(Plan { chunked: true, ..Plan::tokens(9) }, &[]).await;
}
