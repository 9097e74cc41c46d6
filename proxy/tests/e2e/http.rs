//! HTTP as such: heads to the letter, `100 Continue`, HTTP/1.0, connections that go on.

use weir_proxy::RouteConfig;
use weir_sim::{Engine, Plan, Recorded, Upstream};

use crate::rig::{
    Api, Client, End, ProxyGuard, Request, ask, assert_same, both, config, engine, route,
};

async fn start() -> (Upstream, ProxyGuard) {
    let plan = Plan { prompt_tokens: Some(9), ..Plan::tokens(4) };
    let sim = Upstream::builder().plan(plan).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    (sim, proxy)
}

fn newest(sim: &Upstream) -> Recorded {
    sim.requests().pop().unwrap()
}

/// Headers as the upstream got them, without those that are per hop.
fn heads(sent: &Recorded) -> Vec<(String, String)> {
    let text = |value: &[u8]| value.escape_ascii().to_string();
    let all = sent.headers.iter().map(|(name, value)| (name.clone(), text(value)));
    // The last is Weir's own (`trace.rs`).
    let per_hop =
        ["connection", "keep-alive", "te", "proxy-connection", "x-per-hop", "traceparent"];
    all.filter(|(name, _)| !per_hop.contains(&name.to_lowercase().as_str())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_go_through_to_the_letter() {
    let (sim, proxy) = start().await;
    let body = Api::Chat.body("tiny", false).to_string();
    let head = format!(
        "POST /v1/chat/completions?Q=%41&q HTTP/1.1\r\nHoSt: Some.Where:99\r\nX-Second: 2\r\n\
         X-SECOND: again\r\nx-first: 1\r\nAuthorization: Bearer sk-%\r\nx-empty: \r\n\
         User-Agent: curl/8\r\ncookie: a=b; c=d\r\nX-Forwarded-For: 10.0.0.1\r\n\
         x-latin: caf\u{e9}\r\nContent-Type: application/json\r\ntracestate: a=b\r\n\
         traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\
         X-Request-Id: mine\r\nCONTENT-LENGTH: {}\r\nx-sim: tokens=3\r\n\r\n{body}",
        body.len()
    );
    let mut answers = Vec::new();
    for addr in [sim.addr(), proxy.engine()] {
        let mut client = Client::connect(addr).await;
        client.send(&head).await;
        answers.push(client.answer().await);
    }
    assert_same(&answers[0], &answers[1]);
    assert_eq!(answers[0].json()["id"], "chatcmpl-mine");
    // The second of its making stands in each.
    let [direct, through] = [0, 1].map(|index: usize| {
        let answer = &answers[index];
        let created = answer.json()["created"].to_string();
        String::from_utf8_lossy(&answer.body).replace(&created, "CREATED")
    });
    assert_eq!(direct, through, "the id was the client's");
    let [.., direct, through] = &sim.requests()[..] else { panic!("two requests") };
    assert_eq!(heads(through), heads(direct));
    assert_eq!((&through.path, &through.body), (&direct.path, &direct.body));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_keep_the_case_and_order_of_their_headers() {
    for server in [Engine::llama_cpp(), Engine::litellm("1.106.2"), Engine::vllm("0.32.0")] {
        let sim = Upstream::builder().engine(server).start().await.unwrap();
        let proxy = ProxyGuard::to(&sim);
        for request in [Api::Messages.request(true), Api::Messages.request(false)] {
            let (direct, through) = both(&sim, proxy.engine(), &request).await;
            assert_same(&direct, &through);
            let names = |answer: &crate::rig::Answer| {
                let names = answer.headers.iter().map(|(name, _)| name.clone());
                let skipped = ["connection", "keep-alive", "date"];
                names.filter(|name| !skipped.contains(&&*name.to_lowercase())).collect::<Vec<_>>()
            };
            assert_eq!(names(&through), names(&direct));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_asked_for_uncompressed() {
    let (sim, proxy) = start().await;
    let request = Api::Chat.request(false).header("Accept-Encoding", "gzip, br");
    ask(proxy.engine(), &request).await;
    let sent = newest(&sim);
    assert_eq!(sent.header("accept-encoding"), Some("identity"));
    ask(proxy.engine(), &Api::Chat.request(false)).await;
    assert_eq!(newest(&sim).header("accept-encoding"), None, "none is added");

    let only = RouteConfig { pass_accept_encoding: true, ..route("default", &sim.url()) };
    let proxy = ProxyGuard::start(&config([engine([only])]));
    ask(proxy.engine(), &request).await;
    assert_eq!(newest(&sim).header("accept-encoding"), Some("gzip, br"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_of_the_connection_stay_on_it() {
    let (sim, proxy) = start().await;
    let request = Api::Chat
        .request(false)
        .header("connection", "keep-alive, X-Per-Hop")
        .header("x-per-hop", "1")
        .header("x-end-to-end", "2");
    let answer = ask(proxy.engine(), &request).await;
    assert_eq!(answer.status, 200);
    let sent = newest(&sim);
    assert_eq!((sent.header("x-per-hop"), sent.header("x-end-to-end")), (None, Some("2")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_100_continue_gets_it_once() {
    let (sim, proxy) = start().await;
    let mut large = Api::Chat.body("tiny", true);
    large["padding"] = "w".repeat(200_000).into();
    for api in [Api::Chat, Api::Embeddings] {
        for body in [api.body("tiny", true), large.clone()] {
            for chunks in [None, Some(1000)] {
                let request = api.post(&body).header("expect", "100-continue");
                let request = match chunks {
                    Some(size) => request.chunked(size),
                    None => request,
                };
                let mut client = Client::connect(proxy.engine()).await;
                client.send(request.head_bytes()).await;
                // Nothing of the body is sent before this.
                assert_eq!(client.head().await.status, 100);
                client.send(request.body_bytes()).await;
                let answer = client.answer().await;
                assert_eq!((answer.status, answer.informational.len()), (200, 0), "{api:?}");
                let sent = newest(&sim);
                let found: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
                assert!(found["model"] == "tiny" && found["padding"] == body["padding"]);
                assert_eq!(found.get("stream_options").is_some(), api == Api::Chat);
            }
        }
    }
    proxy.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_wait_for_100_continue_is_served_too() {
    let (_sim, proxy) = start().await;
    let request = Api::Chat.request(true).header("expect", "100-continue");
    let answer = ask(proxy.engine(), &request).await;
    assert_eq!((answer.status, answer.events().last()), (200, Some(&"[DONE]")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_http_1_0_gets_a_body_without_chunks() {
    let (sim, proxy) = start().await;
    for api in [Api::Messages, Api::Responses] {
        for stream in [true, false] {
            let request = api.request(stream).http10();
            let (direct, through) = both(&sim, proxy.engine(), &request).await;
            assert_eq!(through.header("transfer-encoding"), None);
            assert_eq!(crate::rig::normal(&through.body), crate::rig::normal(&direct.body));
            assert_eq!((through.status, through.end), (direct.status, direct.end), "{api:?}");
        }
    }
    for connection in ["close", "keep-alive"] {
        let request = Api::Chat.request(true).http10().header("connection", connection);
        let answer = ask(proxy.engine(), &request).await;
        assert_eq!((answer.events().last(), answer.end), (Some(&"[DONE]"), End::Closed));
        assert!(!answer.text().contains("usage"));
        assert_eq!(answer.header("connection"), Some("close"));
    }
    let mut client = Client::connect(proxy.engine()).await;
    for _ in 0..2 {
        let request = Api::Chat.request(false).http10().header("connection", "keep-alive");
        assert_eq!(client.ask(&request).await.end, End::Complete);
    }
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[("outcome", "success")]), Some(8.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_carries_one_request_after_the_other() {
    let (sim, proxy) = start().await;
    let requests = [
        Api::Chat.request(true),
        Api::Chat.request(false).chunked(9),
        Request::get("/v1/models"),
        Request::head("/v1/models"),
        Api::Chat.post(&serde_json::json!({"model": "tiny", "padding": "w".repeat(100_000)})),
        Api::Chat.post(&Api::Chat.body("nobody", true)),
        Api::Embeddings.request(false),
        Api::Responses.request(true),
    ];
    let mut direct = Client::connect(sim.addr()).await;
    let mut client = Client::connect(proxy.engine()).await;
    for request in &requests {
        let (direct, through) = (direct.ask(request).await, client.ask(request).await);
        assert_eq!((through.status, through.end), (direct.status, End::Complete));
    }
    let last = client.ask(&Api::Chat.request(true).header("connection", "close")).await;
    assert_eq!(last.status, 200);
    assert_eq!(client.rest().await.1, End::Closed);
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[]), Some(7.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_a_host_gets_the_upstreams() {
    let (sim, proxy) = start().await;
    let mut client = Client::connect(proxy.engine()).await;
    client.send("GET /v1/models HTTP/1.0\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(newest(&sim).header("host"), Some(sim.addr().to_string().as_str()));
}
