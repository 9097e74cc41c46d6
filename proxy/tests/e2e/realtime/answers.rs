//! Sessions that go well: one request each, with the sum of what its answers say.

use std::collections::BTreeSet;

use tokio::task::JoinSet;
use weir_sim::{Ending, Engine, Plan, Recorded, Scrape, Upstream};

use super::{CREATE, PATH, UPDATE, WITH_MODEL, outcome, start, tokens, transcribe};
use crate::rig::{Api, DEADLINE, ProxyGuard, Request, WebSocket, ask, normal, upgrade};

async fn over(sim: &Upstream) -> Recorded {
    let over = |all: &[Recorded]| all.last().is_some_and(|sent| sent.ending != Ending::Open);
    sim.wait_for(over, DEADLINE, "the session is over").await.pop().unwrap()
}

/// What any session is to be counted as.
fn assert_session(scrape: &Scrape, socket: &WebSocket) {
    let value = |name| scrape.sum(name, &[]);
    assert_eq!(value("llm_request_size_bytes_sum"), Some(socket.sent as f64), "bytes there");
    assert_eq!(value("llm_response_size_bytes_sum"), Some(socket.received as f64), "bytes back");
    assert_eq!(scrape.value("llm_responses_total", &[("code", "101")]), Some(1.0));
    assert_eq!(value("llm_time_to_first_byte_seconds_count"), Some(1.0));
    for nothing in [
        "llm_time_to_first_token_seconds_count",
        "llm_stream_events_total",
        "llm_usage_missing_total",
        "llm_abandoned_tokens_total",
    ] {
        assert_eq!(value(nothing), None, "{nothing}");
    }
    assert_eq!(value("weir_meter_degraded_total"), Some(0.0));
    assert_eq!(value("weir_passthrough_requests_total"), Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vllms_answers_are_summed() {
    let (sim, proxy) = start(Plan::tokens(6)).await;
    let mut socket = WebSocket::open(proxy.engine(), &upgrade(PATH)).await;
    assert_eq!(socket.message().await["type"], "session.created");
    socket.send(UPDATE).await;
    for _ in 0..3 {
        transcribe(&mut socket).await;
    }
    socket.close().await;
    let (outcome, scrape) = outcome(&proxy).await;
    assert_eq!(outcome, "success");
    assert_session(&scrape, &socket);
    let sent = over(&sim).await;
    assert_eq!((sent.input_tokens, sent.output_tokens), (120, 18));
    assert_eq!((tokens(&scrape, "input"), tokens(&scrape, "output")), (Some(120.0), Some(18.0)));
    assert!(sent.body.starts_with(UPDATE.as_bytes()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openais_answers_are_summed() {
    for server in [Engine::vllm("0.32.0"), Engine::litellm("1.106.2")] {
        let plan = Plan { prompt_tokens: Some(40), cached_tokens: Some(8), ..Plan::tokens(6) };
        let sim = Upstream::builder().engine(server).plan(plan).start().await.unwrap();
        let proxy = ProxyGuard::to(&sim);
        let mut socket = WebSocket::open(proxy.engine(), &upgrade(WITH_MODEL)).await;
        assert_eq!(socket.message().await["session"]["model"], "tiny");
        socket.send(r#"{"type":"session.update","session":{"type":"realtime"}}"#).await;
        for _ in 0..2 {
            socket.send(CREATE).await;
            let done = socket.message_of("response.done").await;
            assert_eq!(done["response"]["usage"]["output_tokens"], 6);
        }
        socket.close().await;
        let (outcome, scrape) = outcome(&proxy).await;
        assert_eq!(outcome, "success");
        assert_session(&scrape, &socket);
        assert_eq!((tokens(&scrape, "input"), tokens(&scrape, "output")), (Some(80.0), Some(12.0)));
        let cached = scrape.sum("llm_tokens_detail_total", &[("kind", "cached_input")]);
        assert_eq!(cached, Some(16.0));
        over(&sim).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_heads_go_through_but_for_the_extension() {
    let (sim, proxy) = start(Plan::default()).await;
    let request = upgrade(WITH_MODEL)
        .header("sec-websocket-protocol", "realtime, openai-insecure-api-key.sk-1")
        .header("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")
        .header("origin", "https://weir.test")
        .header("authorization", "Bearer sk-2");
    let through = WebSocket::open(proxy.engine(), &request).await;
    let direct_request = request.clone().without("sec-websocket-extensions");
    let direct = WebSocket::open(sim.addr(), &direct_request).await;
    let headers = |socket: &WebSocket| {
        let shown = |(name, value): &(String, Vec<u8>)| (name.clone(), normal(value));
        let all = socket.head.headers.iter().filter(|(name, _)| name != "date" && name != "Date");
        all.map(shown).collect::<Vec<_>>()
    };
    assert_eq!(headers(&through), headers(&direct));
    assert_eq!(through.head.header("sec-websocket-protocol"), Some("realtime"));
    let [through, direct] = &sim.requests()[..] else { panic!("two requests") };
    assert_eq!((&through.method, &through.path), (&direct.method, &direct.path));
    let sent = |sent: &Recorded| {
        // The latter is Weir's own.
        let per_hop = ["connection", "traceparent"];
        let all = sent
            .headers
            .iter()
            .filter(|(name, _)| !per_hop.contains(&name.to_lowercase().as_str()));
        all.cloned().collect::<BTreeSet<_>>()
    };
    assert_eq!(sent(through), sent(direct));
    assert_eq!(through.header("sec-websocket-extensions"), None);
    let connection = through.header("connection").unwrap().to_lowercase();
    assert!(connection.contains("upgrade"), "{connection}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_before_and_after_and_beside_a_session_are_their_own() {
    let (sim, proxy) = start(Plan::tokens(2)).await;
    let chat = Api::Chat.request(true);
    assert_eq!(ask(proxy.engine(), &chat).await.status, 200);
    let mut one = WebSocket::open(proxy.engine(), &upgrade(WITH_MODEL)).await;
    let mut two = WebSocket::open(proxy.engine(), &upgrade(PATH)).await;
    assert_eq!(ask(proxy.engine(), &chat).await.status, 200);
    assert_eq!(ask(proxy.engine(), &Request::get("/health")).await.status, 200);
    one.close_after_greeting().await;
    two.close_after_greeting().await;
    assert_eq!(ask(proxy.engine(), &chat).await.status, 200);
    let scrape = proxy.settled().await;
    let success = |endpoint| {
        let labels = [("endpoint", endpoint), ("outcome", "success")];
        scrape.sum("llm_requests_total", &labels)
    };
    assert_eq!((success("chat_completions"), success("realtime")), (Some(3.0), Some(2.0)));
    assert_eq!(sim.totals().requests, 6);
}

/// However quick the upstream is: the answer to the upgrade may come before Weir has said that the
/// request has no body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_session_gets_its_first_message() {
    let (_sim, proxy) = start(Plan::tokens(6)).await;
    let mut crowd = JoinSet::new();
    for _ in 0..8 {
        let addr = proxy.engine();
        crowd.spawn(async move {
            for _ in 0..25 {
                let mut socket = WebSocket::open(addr, &upgrade(WITH_MODEL)).await;
                socket.close_after_greeting().await;
            }
        });
    }
    crowd.join_all().await;
    let scrape = proxy.settled().await;
    let success = [("endpoint", "realtime"), ("outcome", "success")];
    assert_eq!(scrape.sum("llm_requests_total", &success), Some(200.0));
}
