//! Answers of 400 to a request in which Weir asked for usage: a refusal of the question is never
//! seen by the client, everything else is seen as it is, and sent once.

use weir_sim::{BodyFlavour, Engine, Fault, Plan, Recorded, Scrape, Upstream};

use crate::rig::{Answer, Api, ProxyGuard, Request, ask, asking, assert_same, both};

async fn start(server: Engine) -> (Upstream, ProxyGuard) {
    let plan = Plan { prompt_tokens: Some(40), ..Plan::tokens(6) };
    let sim = Upstream::builder().engine(server).plan(plan).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    (sim, proxy)
}

/// What the upstream got while `ask` went on.
async fn through(
    sim: &Upstream,
    proxy: &ProxyGuard,
    request: &Request,
) -> (Answer, Vec<Recorded>, Scrape) {
    let before = sim.requests().len();
    let answer = ask(proxy.engine(), request).await;
    let scrape = proxy.settled().await;
    (answer, sim.requests().split_off(before), scrape)
}

fn asks(recorded: &Recorded) -> bool {
    let body: serde_json::Value = serde_json::from_slice(&recorded.body).unwrap();
    body.get("stream_options").is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_knows_no_stream_options_is_asked_once_and_never_again() {
    for api in [Api::Chat, Api::Completions] {
        let (sim, proxy) = start(Engine::strict()).await;
        let request = api.request(true);
        let direct = ask(sim.addr(), &request).await;

        let (answer, sent, scrape) = through(&sim, &proxy, &request).await;
        assert_same(&direct, &answer);
        assert_eq!(sent.iter().map(asks).collect::<Vec<_>>(), [true, false]);
        assert_eq!(sent[1].body, request.body_bytes());
        let length = request.body_bytes().len().to_string();
        assert_eq!(sent[1].header("content-length"), Some(length.as_str()));
        assert_eq!(scrape.sum("weir_upstream_retries_total", &[]), Some(1.0));
        assert_eq!(proxy.json("/status").await["routes"][0]["usage"], "observe");

        let (answer, sent, scrape) = through(&sim, &proxy, &request).await;
        assert_same(&direct, &answer);
        assert_eq!(sent.iter().map(asks).collect::<Vec<_>>(), [false]);
        assert_eq!(scrape.sum("weir_upstream_retries_total", &[]), Some(1.0));
        assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "success")]), Some(2.0));
        assert_eq!(scrape.sum("llm_responses_total", &[]), Some(2.0));
        assert_eq!(scrape.value("llm_responses_total", &[("code", "200")]), Some(2.0));
        // This server's chats carry usage unasked, its completions never.
        let source = if api == Api::Chat { "reported" } else { "estimated" };
        let output = scrape.sum("llm_tokens_total", &[("kind", "output")]);
        let of_source = scrape.sum("llm_tokens_total", &[("kind", "output"), ("source", source)]);
        assert_eq!((output, of_source), (Some(12.0), Some(12.0)), "{api:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_goes_on_after_a_refusal() {
    let (sim, proxy) = start(Engine::strict()).await;
    let mut client = crate::rig::Client::connect(proxy.engine()).await;
    for _ in 0..3 {
        let answer = client.ask(&Api::Chat.request(true)).await;
        assert_eq!((answer.status, answer.events().last()), (200, Some(&"[DONE]")));
    }
    assert_eq!(sim.requests().len(), 4);
    proxy.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_body_too_large_to_be_sent_again_gets_the_refusal() {
    let (sim, proxy) = start(Engine::strict()).await;
    let mut body = Api::Chat.body("tiny", true);
    body["padding"] = "w".repeat(100_000).into();
    let direct = ask(sim.addr(), &Api::Chat.post(&asking(&body))).await;
    assert_eq!(direct.status, 400);

    let (answer, sent, scrape) = through(&sim, &proxy, &Api::Chat.post(&body)).await;
    assert_same(&direct, &answer);
    assert_eq!(sent.len(), 1);
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "bad_request")]), Some(1.0));

    // Only the first: it taught the route.
    let (answer, sent, _) = through(&sim, &proxy, &Api::Chat.post(&body)).await;
    assert_eq!((answer.status, sent.len()), (200, 1));
}

fn json(body: &str) -> Fault {
    Fault::RefuseStatus { code: 400, body: BodyFlavour::Json(body.to_owned()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_genuine_refusal_is_the_clients_and_sent_once() {
    let refuse = |code, body| Fault::RefuseStatus { code, body };
    let long = format!(r#"{{"error":{{"message":"{}"}}}}"#, "stream_options ".repeat(10_000));
    let cases = [
        (refuse(400, BodyFlavour::Engine), "bad_request"),
        (refuse(422, BodyFlavour::Engine), "bad_request"),
        (refuse(400, BodyFlavour::Html), "bad_request"),
        (refuse(400, BodyFlavour::Empty), "bad_request"),
        (Fault::ContextLength, "context_length"),
        // It repeats the request, which names stream_options.
        (
            json(r#"{"detail":[{"input":{"stream_options":{"include_usage":true}}}]}"#),
            "bad_request",
        ),
        // Longer than any refusal: not held.
        (json(&long), "bad_request"),
        (refuse(401, BodyFlavour::Engine), "unauthorized"),
        (refuse(404, BodyFlavour::Engine), "not_found"),
        (refuse(429, BodyFlavour::Engine), "rate_limited"),
        (refuse(500, BodyFlavour::Engine), "upstream_error"),
        (refuse(503, BodyFlavour::Engine), "overloaded"),
        (refuse(504, BodyFlavour::Plain), "upstream_timeout"),
    ];
    for server in [Engine::vllm("0.32.0"), Engine::vllm("0.9.0"), Engine::litellm("1.106.2")] {
        let (sim, proxy) = start(server).await;
        for (fault, outcome) in &cases {
            let request = Api::Chat.request(true);
            sim.script([Plan::fault(fault.clone()), Plan::fault(fault.clone())]);
            let direct = ask(sim.addr(), &request).await;
            let counted = |scrape: &Scrape| {
                scrape.sum("llm_requests_total", &[("outcome", outcome)]).unwrap_or(0.0)
            };
            let before = counted(&proxy.scrape().await);
            let (answer, sent, scrape) = through(&sim, &proxy, &request).await;
            assert_eq!(answer.body, direct.body, "{fault:?}");
            assert_same(&direct, &answer);
            assert_eq!(sent.len(), 1, "{fault:?}");
            assert!(asks(&sent[0]), "{fault:?}");
            assert_eq!(counted(&scrape), before + 1.0, "{fault:?}");
        }
        let scrape = proxy.settled().await;
        assert_eq!(scrape.sum("llm_tokens_total", &[]), None, "nobody said anything of tokens");
        assert_eq!(scrape.sum("llm_usage_missing_total", &[]), None, "and none were expected");
        assert_eq!(proxy.json("/status").await["routes"][0]["usage"], "exact");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_what_the_client_asked_itself_is_its_own() {
    let (sim, proxy) = start(Engine::strict()).await;
    let body = asking(&Api::Chat.body("tiny", true));
    let (direct, through) = both(&sim, proxy.engine(), &Api::Chat.post(&body)).await;
    assert_eq!(direct.status, 400);
    assert_same(&direct, &through);
    assert_eq!(sim.requests().len(), 2);
    proxy.settled().await;
}
