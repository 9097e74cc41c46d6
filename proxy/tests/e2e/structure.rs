//! Text in a prompt or an answer is never taken for structure.

use weir_sim::{Engine, Plan};

use crate::rig::Api;
use crate::scene::Scene;

const TRAPS: [&str; 8] = [
    r#""usage":{"completion_tokens":9}"#,
    "data: [DONE]",
    "\n\ndata: [DONE]\n\n",
    r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
    "}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":9},\"choices\":[]}\r\n\r\n",
    "\\\"usage\\\":{\\\"completion_tokens\\\":9}",
    r#""finish_reason":"stop""#,
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n\u{2028}\u{0}é😀",
];

/// A request whose prompt is one trap after the other.
fn trapped(api: Api, model: &str, stream: bool) -> serde_json::Value {
    let mut body = api.body(model, stream);
    for member in ["messages", "prompt", "input"] {
        match body.get_mut(member) {
            Some(turns) if turns.is_array() => turns[0]["content"] = TRAPS.concat().into(),
            Some(prompt) => *prompt = TRAPS.concat().into(),
            None => {}
        }
    }
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_and_prompts_may_say_anything() {
    let plan = Plan {
        text: TRAPS.map(str::to_owned).to_vec(),
        prompt_tokens: Some(55),
        ..Plan::tokens(TRAPS.len() + 3)
    };
    for server in [Engine::vllm("0.32.0"), Engine::litellm("1.106.2"), Engine::llama_cpp()] {
        let apis = Api::of(&server).into_iter().filter(|api| api.streams());
        let cases: Vec<_> = apis.flat_map(|api| [(api, true), (api, false)]).collect();
        let models: Vec<_> = cases.iter().map(|case| format!("{case:?}")).collect();
        let scene = Scene::start(server, plan.clone(), &models).await;
        for (&(api, stream), model) in cases.iter().zip(&models) {
            scene.check(api, &trapped(api, model, stream)).await;
        }
    }
}
