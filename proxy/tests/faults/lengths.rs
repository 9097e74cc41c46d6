//! Streams that come with a length, under content types that servers get wrong.

use crate::rig::scripted::{Scripted, Step};
use crate::rig::{Api, ProxyGuard, Request, ask, config, engine, route};

const EVENTS: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n\
     data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// The answer of an upstream whose stream has a length, and what is counted of it.
async fn answered(content_type: &str) -> (String, f64) {
    let body = [EVENTS, USAGE, DONE].concat();
    let head = format!("HTTP/1.1 200 OK\r\n{content_type}content-length: {}\r\n\r\n", body.len());
    let upstream = Scripted::start([Step::Read, Step::Send([head, body].concat().into())]).await;
    let proxy = ProxyGuard::start(&config([engine([route("default", &upstream.url())])]));
    let request = Request::post("/v1/chat/completions", r#"{"model":"m","stream":true}"#);
    let answer = ask(proxy.engine(), &request).await;
    let scrape = proxy.settled().await;
    let success = [("endpoint", Api::Chat.label()), ("outcome", "success")];
    (answer.text().to_owned(), scrape.sum("llm_requests_total", &success).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_length_does_not_outlive_the_event_that_is_taken_out() {
    for content_type in [
        "content-type: text/event-stream\r\n",
        "content-type: Text/Event-Stream\r\n",
        "content-type: text/plain\r\n",
        "",
    ] {
        let (text, success) = answered(content_type).await;
        assert_eq!(text, [EVENTS, DONE].concat(), "{content_type}");
        assert_eq!(success, 1.0, "{content_type}");
    }
}
