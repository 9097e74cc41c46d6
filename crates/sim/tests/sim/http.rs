//! HTTP/1 itself: bodies, connections, and what is no request.

use std::time::Duration;

use weir_sim::{Plan, Upstream};

use crate::client::{CHAT, Client, DEADLINE, End, chat, get, post};
use crate::sse::contents;

async fn start() -> Upstream {
    Upstream::builder().start().await.unwrap()
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let upstream = start().await;
    let mut client = Client::connect(upstream.addr()).await;
    for stream in [true, false, true] {
        client.post(CHAT, "", &chat(stream)).await;
        assert_eq!(client.answer().await.end, End::Complete);
    }
    let seen = upstream.wait_for(|all| all[2].finished(), DEADLINE, "all are finished").await;
    assert_eq!(seen.iter().map(|request| request.connection).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!((upstream.totals().connections, upstream.totals().finished), (1, 3));
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time() {
    let idle = Duration::from_millis(50);
    let upstream = Upstream::builder().keep_alive(idle).start().await.unwrap();
    let mut client = Client::connect(upstream.addr()).await;
    client.post(CHAT, "", &chat(false)).await;
    client.answer().await;
    assert_eq!(client.rest().await, (Vec::new(), End::Closed));
}

#[tokio::test]
async fn a_chunked_body_with_trailers_is_read() {
    let upstream = start().await;
    let mut client = Client::connect(upstream.addr()).await;
    let (body, head) = (chat(false), "POST /v1/chat/completions HTTP/1.1\r\nHost: sim\r\n");
    let (one, two) = body.split_at(10);
    client.send(format!("{head}Transfer-Encoding: chunked\r\n\r\na\r\n{one}\r\n")).await;
    client.send(format!("{:X};x=y\r\n{two}\r\n0\r\nx-trailer: 1\r\n\r\n", two.len())).await;
    assert_eq!(client.answer().await.status, 200);
    client.post(CHAT, "", &chat(false)).await;
    assert_eq!(client.answer().await.status, 200, "and the next request is found");
    let seen = upstream.requests();
    assert_eq!((&seen[0].body[..], seen[0].body_length), (body.as_bytes(), body.len() as u64));
    assert_eq!(seen[0].header("transfer-encoding"), Some("chunked"));
}

#[tokio::test]
async fn a_client_that_expects_100_gets_it() {
    let upstream = start().await;
    let mut client = Client::connect(upstream.addr()).await;
    let body = chat(false);
    let length = body.len();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nExpect: 100-continue\r\n";
    client.send(format!("{head}Content-Length: {length}\r\n\r\n")).await;
    assert_eq!(client.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(body).await;
    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn a_big_body_is_read_and_cut_in_the_record() {
    let upstream = Upstream::builder().keep_bodies(1000).start().await.unwrap();
    let prompt = "x".repeat(3 * 1024 * 1024);
    let body = format!(r#"{{"messages":["{prompt}"],"stream":true,"model":"tiny"}}"#);
    let answer = post(&upstream, CHAT, "", &body).await;
    assert_eq!(contents(answer.text()).len(), 16, "`stream` behind the prompt was found");
    let seen = upstream.requests();
    assert_eq!((seen[0].body.len(), seen[0].body_length), (1000, body.len() as u64));
    assert_eq!(seen[0].input_tokens, body.len() as u64 / 4);
}

#[tokio::test]
async fn a_body_beyond_all_bounds_is_drained_and_refused() {
    let upstream = start().await;
    let mut client = Client::connect(upstream.addr()).await;
    let (piece, pieces) = ("x".repeat(1024 * 1024), 65);
    let length = piece.len() * pieces;
    client.send(format!("POST {CHAT} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n")).await;
    for _ in 0..pieces {
        client.send(&piece).await;
    }
    let answer = client.answer().await;
    assert_eq!((answer.status, upstream.requests()[0].body_length), (413, length as u64));
}

#[tokio::test]
async fn old_and_closing_clients_are_served() {
    let upstream = start().await;
    for stream in [true, false] {
        let mut client = Client::connect(upstream.addr()).await;
        let body = chat(stream);
        let head = format!("POST {CHAT} HTTP/1.0\r\nContent-Length: {}\r\n\r\n", body.len());
        client.send(head + &body).await;
        let (bytes, end) = client.rest().await;
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(end, End::Closed);
        assert!(text.contains("connection: close") && !text.contains("chunked"), "{text}");
    }
    let mut client = Client::connect(upstream.addr()).await;
    client.post(CHAT, "Connection: close\r\n", &chat(true)).await;
    let answer = client.answer().await;
    assert_eq!((answer.end, answer.header("connection")), (End::Complete, Some("close")));
    assert_eq!(client.rest().await, (Vec::new(), End::Closed));
}

#[tokio::test]
async fn a_head_request_gets_a_head() {
    let upstream = start().await;
    let expected = get(&upstream, "/v1/models").await.body.len().to_string();
    let mut client = Client::connect(upstream.addr()).await;
    client.send("HEAD /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    let head = client.head().await;
    assert!(head.contains(&format!("content-length: {expected}")), "{head}");
    assert_eq!(client.rest().await, (Vec::new(), End::Closed));
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let upstream = start().await;
    let mut client = Client::connect(upstream.addr()).await;
    client.send("this is no request\r\n\r\n").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.text()), (400, "Invalid HTTP request received."));
    assert_eq!(upstream.totals().requests, 0);
}

#[tokio::test]
async fn hundreds_of_streams_at_once_are_served() {
    let plan = Plan { ttft: Duration::from_millis(300), ..Plan::tokens(20) };
    let upstream = Upstream::builder().plan(plan).start().await.unwrap();
    let mut clients = Vec::new();
    // Both ends are here, and a shell often allows 1,024 open files.
    for _ in 0..400 {
        let mut client = Client::connect(upstream.addr()).await;
        client.post(CHAT, "", &chat(true)).await;
        clients.push(client);
    }
    for mut client in clients {
        assert_eq!(contents(client.answer().await.text()).len(), 20);
    }
    let all = |all: &[weir_sim::Recorded]| all.iter().all(weir_sim::Recorded::finished);
    upstream.wait_for(all, DEADLINE, "all are finished").await;
    let totals = upstream.totals();
    assert_eq!((totals.finished, totals.open), (400, 0));
    assert_eq!((totals.output_tokens, totals.content_events), (8_000, 8_000));
}

#[tokio::test]
async fn a_stopped_upstream_is_gone_and_can_come_back() {
    let upstream = Upstream::builder().plan("fault=stall:1".parse().unwrap()).start().await;
    let upstream = upstream.unwrap();
    let addr = upstream.addr();
    let mut client = Client::connect(addr).await;
    client.post(CHAT, "", &chat(true)).await;
    client.head().await;
    upstream.stop().await;
    assert_ne!(client.answer_end().await, End::Complete);
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
    let again = Upstream::builder().bind(addr).start().await.unwrap();
    assert_eq!(post(&again, CHAT, "", &chat(false)).await.status, 200);
}
