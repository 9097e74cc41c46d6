//! What the upstream answers, as its bytes are.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::event::{DONE, FINISH, LENGTH, stamped};
use super::in_process;
use crate::body::Body;
use crate::clock::now;

/// What comes for requests that are sent at once, and then no more.
async fn answers(requests: &str) -> String {
    let upstream = in_process::start();
    let mut stream = TcpStream::connect(upstream.address).await.unwrap();
    stream.write_all(requests.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    answers
}

fn request(order: &str, body: &str) -> String {
    let length = body.len();
    format!("POST / HTTP/1.1\r\nx-bench: {order}\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// The payload of a stream, which is the last thing that came.
async fn stream(order: &str, body: &str) -> String {
    let answer = answers(&request(order, body)).await;
    let (head, mut rest) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        head,
        "HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 17:21:34 GMT\r\nserver: uvicorn\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked"
    );
    let mut chunks = Body::Chunked(Default::default());
    let mut payload = String::new();
    while !chunks.is_over() {
        let step = chunks.step(rest.as_bytes()).unwrap();
        payload.push_str(&rest[step.payload]);
        rest = &rest[step.used..];
    }
    assert_eq!(rest, "");
    payload
}

#[tokio::test]
async fn whole_answers_have_the_length_that_was_asked_for() {
    let requests = [1_024, 1_024, 5_000].map(|bytes| request(&format!("bytes={bytes}"), "{}"));
    let answers = answers(&requests.concat()).await;
    let mut rest = answers.as_str();
    for bytes in [1_024, 1_024, 5_000] {
        let head = format!(
            "HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 17:21:34 GMT\r\nserver: uvicorn\r\ncontent-type: application/json\r\ncontent-length: {bytes}\r\n\r\n"
        );
        let body = rest.strip_prefix(&head).unwrap();
        let json: Value = serde_json::from_str(&body[..bytes]).unwrap();
        assert_eq!(json["usage"]["completion_tokens"], 128);
        rest = &body[bytes..];
    }
    assert_eq!(rest, "");
}

#[tokio::test]
async fn a_stream_has_so_many_events_none_before_it_is_due() {
    for (events, interval) in [(1, 0), (128, 0), (5, 1_000)] {
        let began = now();
        let order = format!("events={events};interval_us={interval}");
        let payload = stream(&order, "{\"stream\":true}").await;
        let (content, end) = payload.split_at(events * LENGTH);
        let written: Vec<_> =
            content.as_bytes().chunks(LENGTH).map(|event| stamped(event).unwrap()).collect();
        assert!(written.is_sorted());
        assert!(written[0] >= began);
        for (index, time) in written.iter().enumerate() {
            let due = written[0] + index as u64 * interval * 1_000;
            assert!(*time >= due, "event {index} at {time}, due at {due}");
        }
        assert!(*written.last().unwrap() <= now());
        assert_eq!(end.as_bytes(), [FINISH, DONE].concat());
    }
}

#[tokio::test]
async fn usage_comes_where_it_was_asked_for() {
    let body = format!(
        "{{\"content\":\"{}\",\"stream_options\":{{\"include_usage\":true}}}}",
        "a".repeat(200_000)
    );
    let payload = stream("events=2;interval_us=0", &body).await;
    let [finish, usage, done] =
        payload[2 * LENGTH..].split_inclusive("\n\n").collect::<Vec<_>>()[..]
    else {
        panic!("{payload}")
    };
    assert_eq!([finish.as_bytes(), done.as_bytes()], [FINISH, DONE]);
    let usage: Value = serde_json::from_str(usage.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(usage["usage"]["completion_tokens"], 2);
}

#[tokio::test]
async fn a_request_that_is_not_the_generators_is_refused() {
    let closing = "GET / HTTP/1.1\r\nconnection: close\r\n\r\n";
    let answers = answers(&format!("GET / HTTP/1.1\r\n\r\n{closing}{closing}")).await;
    assert_eq!(answers.matches("HTTP/1.1 400 Bad Request\r\n").count(), 2, "{answers}");
    assert!(answers.contains("say `bytes=N`"), "{answers}");
}
