//! However the upstream's bytes are cut and its lines end, the client gets them as they are, and
//! the numbers are the same.

use weir_sim::{Engine, LineEnd, Plan};

use crate::rig::Api;
use crate::scene::Scene;

const APIS: [Api; 7] = [
    Api::Chat,
    Api::Completions,
    Api::Responses,
    Api::Messages,
    Api::Transcriptions,
    Api::Speech,
    Api::Invocations,
];
const LINE_ENDS: [LineEnd; 3] = [LineEnd::Lf, LineEnd::CrLf, LineEnd::Cr];

/// Streams every API with this plan.
async fn check(plan: Plan) {
    let plan = Plan { prompt_tokens: Some(30), cached_tokens: Some(3), ..plan };
    let models = APIS.map(|api| format!("{api:?}"));
    let scene = Scene::start(Engine::vllm("0.32.0"), plan, &models).await;
    for (api, model) in APIS.into_iter().zip(&models) {
        scene.check(api, &api.body(model, true)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_of_a_few_bytes() {
    for every in [1, 2, 3, 7] {
        for line_end in LINE_ENDS {
            check(Plan { cut_writes_every: Some(every), line_end, ..Plan::tokens(3) }).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_events_in_a_write() {
    for line_end in LINE_ENDS {
        for events_per_write in [2, 5, 1000] {
            check(Plan { events_per_write, line_end, ..Plan::tokens(40) }).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comments_between_events_and_no_done() {
    for line_end in LINE_ENDS {
        for done in [Some(true), Some(false)] {
            check(Plan { comment_every: Some(2), done, line_end, ..Plan::tokens(7) }).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_answers_in_a_few_bytes_at_a_time() {
    let models = Api::ALL.map(|api| format!("{api:?}"));
    for (every, chunked) in [(1, false), (2, true), (7, true)] {
        let plan = Plan { cut_writes_every: Some(every), chunked, ..Plan::tokens(3) };
        let scene = Scene::start(Engine::vllm("0.32.0"), plan, &models).await;
        for (api, model) in Api::ALL.into_iter().zip(&models) {
            scene.check(api, &api.body(model, false)).await;
        }
    }
}
