//! `usage = "exact"`: Weir asks for usage in the request, and takes the event that it brings out of
//! the answer again.

use serde_json::json;
use weir_sim::{Recorded, Upstream};

use crate::rig::{Api, Client, DEADLINE, ProxyGuard, Request, ask, asking, assert_same};
use crate::scene::reference;

const ASK: &str = r#","stream_options":{"include_usage":true}}"#;

async fn start() -> (Upstream, ProxyGuard) {
    let sim = Upstream::builder().keep_bodies(8 << 20).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    (sim, proxy)
}

/// The body that the upstream is to get: the client's with the question before its last brace.
fn asked(body: &[u8]) -> Vec<u8> {
    let end = body.iter().rposition(|byte| *byte == b'}').unwrap();
    [&body[..end], ASK.as_bytes(), &body[end + 1..]].concat()
}

/// The newest request, once its answer is booked.
async fn newest(sim: &Upstream) -> Recorded {
    let booked = |all: &[Recorded]| all.last().is_some_and(Recorded::finished);
    sim.wait_for(booked, DEADLINE, "the answer is booked").await.pop().unwrap()
}

fn assert_bytes(found: &[u8], expected: &[u8], what: &str) {
    let at = found.iter().zip(expected).position(|(a, b)| a != b);
    assert!(
        found == expected,
        "{what}: {} bytes instead of {}, differing from byte {at:?} on",
        found.len(),
        expected.len()
    );
}

/// The stream that a client of Weir gets has no usage, and was counted to the token.
async fn assert_asked(sim: &Upstream, proxy: &ProxyGuard, request: &Request, body: &[u8]) {
    let before = proxy.settled().await;
    let answer = ask(proxy.engine(), request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(!answer.text().contains("usage"), "{}", answer.text());
    assert_eq!(answer.events().last(), Some(&"[DONE]"));
    let sent = newest(sim).await;
    assert_bytes(&sent.body, &asked(body), "the body that the upstream got");
    let scrape = proxy.settled().await;
    for (kind, expected) in [("input", sent.input_tokens), ("output", sent.output_tokens)] {
        let labels = [("kind", kind), ("source", "reported")];
        let count = |scrape: &weir_sim::Scrape| scrape.sum("llm_tokens_total", &labels);
        let grown = count(&scrape).unwrap() - count(&before).unwrap_or(0.0);
        assert_eq!(grown, expected as f64, "{kind} tokens");
    }
    let size = |scrape: &weir_sim::Scrape| scrape.sum("llm_request_size_bytes_sum", &[]);
    let grown = size(&scrape).unwrap() - size(&before).unwrap_or(0.0);
    assert_eq!(grown, body.len() as f64, "the size is that of the client's body");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_whatever_order_the_keys_stand() {
    let (sim, proxy) = start().await;
    for body in [
        r#"{"model":"tiny","messages":[],"stream":true}"#,
        r#"{"stream":true,"messages":[{"role":"user","content":"}\"{"}],"model":"tiny"}"#,
        r#"{"messages":[],"model":"tiny","stream":true,"metadata":{"stream_options":null}}"#,
        "{\n  \"stream\" : true,\n  \"model\" : \"tiny\",\n  \"messages\" : []\n}\n",
        "\t{\"stream\":true,\"messages\":[],\"model\":\"tiny\" } \r\n ",
        r#"{"str\u0065am":true,"messages":[],"model":"tiny"}"#,
        r#"{"stream":false,"messages":[],"model":"tiny","stream":true}"#,
    ] {
        let request = Request::post(Api::Chat.path(), body);
        assert_asked(&sim, &proxy, &request, body.as_bytes()).await;
        let length = newest(&sim).await.header("content-length").map(str::to_owned);
        assert_eq!(length, Some(asked(body.as_bytes()).len().to_string()), "{body}");
        let request = request.chunked(3);
        assert_asked(&sim, &proxy, &request, body.as_bytes()).await;
        assert_eq!(newest(&sim).await.header("content-length"), None, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_bodies_of_any_size() {
    let (sim, proxy) = start().await;
    for size in [1 << 10, 63 << 10, 65 << 10, 5 << 20] {
        for api in [Api::Chat, Api::Completions] {
            let mut body = api.body("tiny", true);
            let filler = "w".repeat(size - body.to_string().len() - r#","padding":"""#.len());
            body["padding"] = filler.into();
            let body = body.to_string().into_bytes();
            assert_eq!(body.len(), size);
            let request = Request::post(api.path(), body.clone());
            assert_asked(&sim, &proxy, &request, &body).await;
            // Up to 64 KiB the length is known before sending.
            let length = (size <= 64 << 10).then(|| asked(&body).len().to_string());
            assert_eq!(newest(&sim).await.header("content-length"), length.as_deref(), "{size}");
            let chunked = length.is_none().then_some("chunked");
            assert_eq!(newest(&sim).await.header("transfer-encoding"), chunked, "{size}");

            let request = request.chunked(10_000);
            assert_asked(&sim, &proxy, &request, &body).await;
            assert_eq!(newest(&sim).await.header("transfer-encoding"), Some("chunked"), "{size}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_body_that_comes_byte_by_byte() {
    let (sim, proxy) = start().await;
    let body = r#"{"model":"tiny","messages":[],"stream":true}"#;
    let expected = asked(body.as_bytes());
    let plain = Request::post(Api::Chat.path(), body);
    for (request, told) in
        [(plain.clone(), Some(expected.len().to_string())), (plain.chunked(5), None)]
    {
        let mut client = Client::connect(proxy.engine()).await;
        for byte in request.bytes() {
            client.send([byte]).await;
        }
        let answer = client.answer().await;
        assert_eq!(answer.events().last(), Some(&"[DONE]"));
        let sent = newest(&sim).await;
        assert_bytes(&sent.body, &expected, "the body that the upstream got");
        assert_eq!(sent.header("content-length"), told.as_deref());
    }
    proxy.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_event_that_says_nothing_else_is_taken_out() {
    for server in ["vllm:0.32.0", "vllm:0.6.6", "litellm:1.106.2", "llama.cpp"] {
        let plan = weir_sim::Plan { prompt_tokens: Some(7), ..weir_sim::Plan::tokens(4) };
        let builder = Upstream::builder().engine(server.parse().unwrap()).plan(plan);
        let sim = builder.start().await.unwrap();
        let proxy = ProxyGuard::to(&sim);
        for (change, value) in [("n", json!(3)), ("max_tokens", json!(2)), ("n", json!(1))] {
            let mut body = Api::Chat.body("tiny", true);
            body[change] = value;
            let all = ask(sim.addr(), &Api::Chat.post(&asking(&body))).await.events().len();
            let (direct, _) = reference(&sim, Api::Chat, &body).await;
            let through = ask(proxy.engine(), &Api::Chat.post(&body)).await;
            assert_same(&direct, &through);
            assert_eq!(through.events().len(), all - 1, "{server}");
        }
        proxy.settled().await;
    }
}
