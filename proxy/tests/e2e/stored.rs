//! Stored responses: what is made in the background, what is fetched again, what is cancelled.

use std::time::Duration;

use serde_json::{Value, json};
use weir_proxy::RouteConfig;
use weir_sim::{Plan, Scrape, Upstream, eventually};

use crate::rig::{
    Answer, Api, Client, DEADLINE, ProxyGuard, Request, ask, assert_same, both, config, engine,
    normal, route,
};

const PATH: &str = "/v1/responses";

async fn start(plan: Plan) -> (Upstream, ProxyGuard) {
    let plan = Plan { prompt_tokens: Some(40), ..plan };
    let sim = Upstream::builder().plan(plan).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    (sim, proxy)
}

fn body(more: Value) -> Request {
    let mut body = Api::Responses.body("tiny", false);
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Api::Responses.post(&body)
}

fn path_of(response: &Value) -> String {
    format!("{PATH}/{}", response["id"].as_str().unwrap())
}

/// The path of a response that was streamed.
fn path_of_stream(answer: &Answer) -> String {
    let created: Value = serde_json::from_str(answer.events()[0]).unwrap();
    path_of(&created["response"])
}

fn output(scrape: &Scrape) -> Option<f64> {
    scrape.sum("llm_tokens_total", &[("kind", "output")])
}

fn passed(scrape: &Scrape) -> Option<f64> {
    scrape.sum("weir_passthrough_requests_total", &[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_in_the_background_is_a_success_without_tokens() {
    let (sim, proxy) = start(Plan { ttft: Duration::from_millis(100), ..Plan::tokens(6) }).await;
    let request = body(json!({"background": true}));
    let (direct, through) = both(&sim, proxy.engine(), &request).await;
    assert_same(&direct, &through);
    assert_eq!(through.json()["status"], "queued");
    let scrape = proxy.settled().await;
    let labels = [("endpoint", "responses"), ("model", "tiny"), ("outcome", "success")];
    assert_eq!(scrape.value("llm_requests_total", &labels), Some(1.0));
    for name in ["llm_tokens_total", "llm_usage_missing_total"] {
        assert_eq!(scrape.sum(name, &[]), None, "{name}");
    }

    // Asked for until it is there.
    let path = path_of(&through.json());
    let complete = async || {
        let response = ask(proxy.engine(), &Request::get(&path)).await;
        (response.json()["status"] == "completed").then_some(response)
    };
    let complete = eventually(DEADLINE, "the response is complete", complete).await;
    assert_eq!(complete.json()["usage"]["output_tokens"], 6);
    let direct = ask(sim.addr(), &Request::get(&path)).await;
    assert_eq!(complete.body, direct.body);
    let scrape = proxy.settled().await;
    assert_eq!(output(&scrape), None, "fetching is no work");
    assert_eq!(scrape.sum("llm_requests_started_total", &[]), Some(1.0));
    assert!(passed(&scrape) >= Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_in_the_background_and_streamed_is_counted_once() {
    let (_sim, proxy) = start(Plan::tokens(6)).await;
    let request = body(json!({"background": true, "stream": true}));
    let first = ask(proxy.engine(), &request).await;
    assert_eq!(output(&proxy.settled().await), Some(6.0));

    let path = path_of_stream(&first);
    for (target, count) in [
        (format!("{path}?stream=true"), first.events().len()),
        (format!("{path}?stream=true&starting_after=4"), first.events().len() - 5),
    ] {
        let again = ask(proxy.engine(), &Request::get(&target)).await;
        assert_eq!(again.header("content-type"), first.header("content-type"));
        assert_eq!(again.events().len(), count, "{target}");
        assert!(normal(&first.body).ends_with(&normal(&again.body)), "{target}");
    }
    let scrape = proxy.settled().await;
    assert_eq!(output(&scrape), Some(6.0), "a replay is no new work");
    assert_eq!(passed(&scrape), Some(2.0));
    assert_eq!(scrape.sum("llm_requests_started_total", &[]), Some(1.0));
    assert_eq!(scrape.sum("llm_stream_events_total", &[]), Some(6.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_is_not_held_back() {
    let (sim, proxy) = start(Plan::tokens(6)).await;
    let path = path_of_stream(&ask(proxy.engine(), &Api::Responses.request(true)).await);
    let mut client = Client::connect(proxy.engine()).await;
    let replay = Request::get(&format!("{path}?stream=true")).header("x-sim", "fault=stall:2");
    client.send(replay.bytes()).await;
    client.read_until_text(r#""delta":" weir""#).await;
    client.leave();
    let left = |seen: &[weir_sim::Recorded]| seen.last().unwrap().client_left();
    sim.wait_for(left, DEADLINE, "the upstream is told").await;
    assert_eq!(passed(&proxy.settled().await), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_deleting_and_listing_are_no_work() {
    let (sim, proxy) = start(Plan::tokens(6)).await;
    let path = path_of(&ask(proxy.engine(), &body(json!({}))).await.json());
    let requests = [
        Request::post(&format!("{path}/cancel"), ""),
        Request::post(&format!("{path}/cancel"), "{}"),
        Request::get(&format!("{path}/input_items")),
        Request::get(&format!("{PATH}/resp_nosuch")),
        Request::get(&path).method("DELETE"),
        Request::post(&format!("{PATH}/input_tokens"), r#"{"model":"tiny","input":"a"}"#),
    ];
    for request in &requests {
        let (direct, through) = both(&sim, proxy.engine(), request).await;
        assert_same(&direct, &through);
        let sent = sim.requests();
        let [.., first, second] = &sent[..] else { panic!("two requests") };
        assert_eq!((&first.method, &first.path), (&second.method, &second.path));
        assert_eq!(first.body, second.body);
    }
    let scrape = proxy.settled().await;
    assert_eq!(passed(&scrape), Some(requests.len() as f64));
    assert_eq!(scrape.sum("llm_requests_started_total", &[]), Some(1.0));
    assert_eq!(output(&scrape), Some(6.0), "of the one that was made");
}

/// An id says nothing of a route: where there are several, a prefix has to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prefix_leads_to_where_it_is_stored() {
    let a = Upstream::builder().models(["of-a"]).start().await.unwrap();
    let b = Upstream::builder().models(["of-b"]).start().await.unwrap();
    let to = |name: &str, sim: &Upstream| RouteConfig {
        models: vec![format!("of-{name}")],
        ..route(name, &sim.url())
    };
    let proxy = ProxyGuard::start(&config([engine([to("a", &a), to("b", &b)])]));
    let made = ask(proxy.engine(), &Api::Responses.post(&Api::Responses.body("of-b", false))).await;
    let path = path_of(&made.json());
    let fetched = ask(proxy.engine(), &Request::get(&format!("/b{path}"))).await;
    assert_eq!(fetched.json()["id"], made.json()["id"]);
    let lost = ask(proxy.engine(), &Request::get(&path)).await;
    assert_eq!((lost.status, lost.header("x-weir-error")), (404, Some("no_route")));
    proxy.settled().await;
}
