//! Compressed answers: their bytes pass untouched, and a decoded copy is measured.

use std::time::Duration;

use serde_json::{Value, json};
use weir_proxy::RouteConfig;
use weir_sim::{Coding, Engine, Plan, Recorded};

use crate::rig::{
    Answer, Api, DEADLINE, ProxyGuard, Request, ask, asking, assert_same, config, engine, route,
};
use crate::scene::Scene;
use crate::truth::assert_counted;

const MODELS: [&str; 5] = ["zero", "one", "two", "three", "four"];

/// A route to a simulator, on which clients get what they accept if it `passes`.
async fn start(server: Engine, plan: Plan, passes: bool) -> Scene {
    let plan = Plan { prompt_tokens: Some(40), ..plan };
    let mut scene = Scene::start(server, plan, &[]).await;
    let models = MODELS.map(str::to_owned).to_vec();
    let only =
        RouteConfig { models, pass_accept_encoding: passes, ..route("only", &scene.sim.url()) };
    scene.proxy = ProxyGuard::start(&config([engine([only])]));
    scene
}

/// What a client got that asked a model of its own, and what the simulator knows of it.
struct Got {
    model: &'static str,
    answer: Answer,
    sent: Recorded,
}

/// Asks through Weir, and directly before and after (with `direct` in place of its body). The
/// answers are the same to the byte, for their ids are the client's, and they are tried again if a
/// second has begun meanwhile.
async fn through(
    scene: &Scene,
    api: Api,
    accept: &str,
    body: impl Fn(&str) -> Value,
    direct: impl Fn(&Value) -> Value,
) -> Got {
    for model in MODELS {
        let body = body(model);
        let request = |body: &Value| {
            let request = api.post(body).header("x-request-id", "test");
            request.header("accept-encoding", accept)
        };
        let reference = request(&direct(&body));
        let before = ask(scene.sim.addr(), &reference).await;
        let answer = ask(scene.proxy.engine(), &request(&body)).await;
        let after = ask(scene.sim.addr(), &reference).await;
        let booked = |all: &[Recorded]| all.iter().all(Recorded::finished);
        let sent = scene.sim.wait_for(booked, DEADLINE, "the answers are booked").await;
        if before.body == after.body {
            assert_eq!(before.status, 200, "{api:?}");
            assert_same(&before, &answer);
            assert!(answer.body == before.body, "{api:?}: not a byte is changed");
            return Got { model, answer, sent: sent[sent.len() - 2].clone() };
        }
    }
    panic!("no second was long enough for {api:?}");
}

/// A request whose answer tells usage without Weir's help.
fn telling(api: Api, stream: bool, model: &str) -> Value {
    let body = api.body(model, stream);
    if stream && api.has_stream_options() { asking(&body) } else { body }
}

/// Every API, streamed and not.
fn all() -> Vec<(Api, bool)> {
    let cases = Api::ALL.into_iter().flat_map(|api| [(api, true), (api, false)]);
    cases.filter(|(api, stream)| api.streams() || !stream).collect()
}

/// One of every kind of answer.
const SOME: [(Api, bool); 5] = [
    (Api::Chat, true),
    (Api::Messages, true),
    (Api::Speech, true),
    (Api::Speech, false),
    (Api::Rerank, false),
];

/// These APIs' answers in this coding: counted to the token, and not touched.
async fn check(cases: &[(Api, bool)], coding: Coding, plan: &Plan, passes: bool, accept: &str) {
    for &(api, stream) in cases {
        let server = Engine::vllm("0.32.0").compress(coding);
        let scene = start(server, plan.clone(), passes).await;
        let body = |model: &str| telling(api, stream, model);
        let got = through(&scene, api, accept, body, Value::clone).await;
        let what = format!("{coding:?}, {api:?}, stream {stream}");
        assert_eq!(got.answer.header("content-encoding"), Some(coding.as_str()), "{what}");
        assert_eq!(got.sent.header("accept-encoding"), Some(accept), "{what}");
        assert_eq!(got.sent.body, api.post(&body(got.model)).body_bytes(), "{what}");
        let scrape = scene.proxy.settled().await;
        assert_counted(&scrape, got.model, api, stream, &got.sent);
        assert_eq!(scrape.sum("weir_meter_degraded_total", &[]), Some(0.0), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_insists_on_is_measured() {
    let plan = Plan { gap: Duration::from_millis(1), ..Plan::tokens(5) };
    check(&all(), Coding::Gzip, &plan, false, "gzip, identity;q=0").await;
    for coding in Coding::ALL {
        let accept = format!("{}, *;q=0", coding.as_str());
        check(&SOME, coding, &plan, false, &accept).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_route_passes_is_measured() {
    for coding in Coding::ALL {
        let plan = Plan { cut_writes_every: Some(7), ..Plan::tokens(5) };
        check(&SOME, coding, &plan, true, "gzip, deflate, br, zstd").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_is_not_asked_for_where_it_could_not_be_taken_out() {
    let apis = [Api::Chat, Api::Completions, Api::Invocations];
    for (accept, coded) in [("gzip, *;q=0", true), ("identity;q=0", false), ("*;q=0", false)] {
        for (api, filler) in apis.into_iter().flat_map(|api| [(api, 10), (api, 100_000)]) {
            let what = format!("{accept}, {api:?}, {filler} bytes");
            let server = Engine::vllm("0.32.0").compress(Coding::Gzip);
            let scene = start(server, Plan::tokens(5), false).await;
            let body = |model: &str| {
                let mut body = api.body(model, true);
                body["padding"] = "w".repeat(filler).into();
                body
            };
            let got = through(&scene, api, accept, body, Value::clone).await;
            assert_eq!(got.answer.header("content-encoding").is_some(), coded, "{what}");
            let wanted = body(got.model).to_string();
            assert!(got.sent.body == wanted.as_bytes(), "{what}: {}", got.sent.body.len());
            let length = got.sent.header("content-length").map(str::to_owned);
            assert_eq!(length, Some(wanted.len().to_string()), "{what}");
            let scrape = scene.proxy.settled().await;
            let output = |source| {
                let labels = [("model", got.model), ("kind", "output"), ("source", source)];
                scrape.sum("llm_tokens_total", &labels)
            };
            assert_eq!((output("estimated"), output("reported")), (Some(5.0), None), "{what}");
            let missing = [("model", got.model), ("reason", "not_sent")];
            assert_eq!(scrape.sum("llm_usage_missing_total", &missing), Some(1.0), "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_compresses_although_told_not_to() {
    let cases = [(Api::Chat, true), (Api::Messages, true), (Api::Rerank, false)];
    for (coding, (api, stream)) in Coding::ALL.into_iter().flat_map(|c| cases.map(|case| (c, case)))
    {
        let plan = Plan { coding: Some(coding), ..Plan::tokens(5) };
        let scene = start(Engine::vllm("0.32.0"), plan, false).await;
        let asked = |body: &Value| if api == Api::Chat { asking(body) } else { body.clone() };
        // Usage was asked for, and can't be taken out: the client sees it.
        let body = |model: &str| api.body(model, stream);
        let got = through(&scene, api, "gzip, br", body, asked).await;
        assert_eq!(got.answer.header("content-encoding"), Some(coding.as_str()));
        assert_eq!(got.sent.header("accept-encoding"), Some("identity"));
        let found: Value = serde_json::from_slice(&got.sent.body).unwrap();
        assert_eq!(found, asked(&body(got.model)));
        let scrape = scene.proxy.settled().await;
        assert_counted(&scrape, got.model, api, stream, &got.sent);
        assert_eq!(scrape.sum("weir_meter_degraded_total", &[]), Some(0.0), "{coding:?}, {api:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_models_goes_through_as_it_is() {
    let server = Engine::vllm("0.32.0").compress(Coding::Gzip);
    let scene = start(server, Plan::default(), true).await;
    let request = Request::get("/v1/models").header("accept-encoding", "gzip");
    let answer = ask(scene.proxy.engine(), &request).await;
    assert_eq!((answer.status, answer.header("content-encoding")), (200, Some("gzip")));
    let request = request.without("accept-encoding");
    let plain = ask(scene.proxy.engine(), &request).await;
    assert_eq!(plain.json()["data"], json!([]));
}
