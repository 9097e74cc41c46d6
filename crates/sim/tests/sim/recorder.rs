//! What the upstream remembers, and which plan a request gets.

use std::time::Duration;

use weir_sim::{Plan, Recorded, Upstream, Usage, eventually};

use crate::client::{CHAT, Client, DEADLINE, chat, get, post};
use crate::sse::contents;

#[tokio::test]
async fn a_request_is_kept_as_it_came() {
    let upstream = Upstream::builder().start().await.unwrap();
    let mut client = Client::connect(upstream.addr()).await;
    let head = "POST /v1/chat/completions?x=%20y HTTP/1.1\r\nX-oDd: a\r\nx-odd:  b \r\nRaw: \u{e9}";
    let body = chat(false);
    client.send(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    client.answer().await;
    let seen =
        upstream.wait_for(|all| all[0].finished(), DEADLINE, "it is finished").await.remove(0);
    assert_eq!((seen.number, seen.method.as_str()), (1, "POST"));
    assert_eq!(seen.path, "/v1/chat/completions?x=%20y");
    let names: Vec<&str> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["X-oDd", "x-odd", "Raw", "Content-Length"]);
    assert_eq!((seen.header("x-odd"), &seen.headers[2].1[..]), (Some("a"), "\u{e9}".as_bytes()));
    assert_eq!((&seen.body[..], seen.status), (body.as_bytes(), Some(200)));
    let usage = Usage { input: body.len() as u64 / 4, output: 16, cached: None, reasoning: None };
    assert_eq!((seen.usage, seen.input_tokens), (Some(usage), usage.input));
}

#[tokio::test]
async fn header_queue_and_default_in_this_order() {
    let upstream = Upstream::builder().plan(Plan::tokens(1)).start().await.unwrap();
    upstream.script([Plan::tokens(2), Plan::tokens(3)]);
    let mut counts = Vec::new();
    for header in ["", "x-sim: tokens=4\r\n", "", ""] {
        get(&upstream, "/v1/models").await;
        let answer = post(&upstream, CHAT, header, &chat(true)).await;
        counts.push(contents(answer.text()).len());
    }
    assert_eq!(counts, [2, 4, 3, 1]);
    upstream.set_plan(Plan::tokens(5));
    assert_eq!(contents(post(&upstream, CHAT, "", &chat(true)).await.text()).len(), 5);
}

#[tokio::test]
async fn a_bad_header_is_explained() {
    let upstream = Upstream::builder().start().await.unwrap();
    let answer = post(&upstream, CHAT, "x-sim: tokens=lots\r\n", &chat(true)).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("`tokens=lots`"), "{}", answer.text());
}

#[tokio::test]
async fn a_stalled_upload_is_seen_while_it_lasts() {
    let upstream = Upstream::builder().start().await.unwrap();
    let mut client = Client::connect(upstream.addr()).await;
    client.send(format!("POST {CHAT} HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{{\"a\":")).await;
    let some = |all: &[Recorded]| all.first().is_some_and(|r| r.body_length == 5);
    upstream.wait_for(some, DEADLINE, "a part of the body has come").await;
    drop(client);
    upstream.wait_for(|all| all[0].client_left(), DEADLINE, "the client has left").await;
    assert_eq!(upstream.totals().client_left, 1);
}

#[tokio::test]
async fn usage_is_recorded_as_far_as_it_was_sent() {
    let upstream = Upstream::builder().start().await.unwrap();
    let body = r#"{"model":"tiny","messages":[],"stream":true}"#;
    post(&upstream, CHAT, "", body).await;
    let plan = "x-sim: prompt=7,fault=end_without_finish:2\r\n";
    post(&upstream, "/v1/messages", plan, body).await;
    let over = |all: &[Recorded]| all[1].output_tokens == 2;
    let seen = upstream.wait_for(over, DEADLINE, "both are over").await;
    assert_eq!(seen[0].usage, None, "nobody asked for it");
    let started = Usage { input: 7, ..Usage::default() };
    assert_eq!(seen[1].usage, Some(started), "only that of `message_start`");
}

#[tokio::test]
#[should_panic(expected = "until pigs fly; 1 requests")]
async fn waiting_in_vain_says_for_what() {
    let upstream = Upstream::builder().start().await.unwrap();
    post(&upstream, CHAT, "", &chat(true)).await;
    upstream.wait_for(|_| false, Duration::from_millis(20), "pigs fly").await;
}

#[tokio::test]
async fn eventually_works_in_a_spawned_task() {
    let upstream = Upstream::builder().start().await.unwrap();
    post(&upstream, CHAT, "", &chat(true)).await;
    let totals = tokio::spawn(async move {
        eventually(DEADLINE, "the answer is booked", async || {
            Some(upstream.totals()).filter(|totals| totals.finished == 1)
        })
        .await
    });
    assert_eq!(totals.await.unwrap().output_tokens, 16);
}

#[tokio::test]
async fn every_request_can_be_seen_though_none_is_kept() {
    let (send, seen) = std::sync::mpsc::channel();
    let see = move |request: &Recorded| send.send((request.number, request.path.clone())).unwrap();
    let upstream = Upstream::builder().keep_requests(0).on_request(see).start().await.unwrap();
    for _ in 0..2 {
        assert_eq!(post(&upstream, CHAT, "", &chat(false)).await.status, 200);
    }
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [(1, CHAT.to_owned()), (2, CHAT.to_owned())]);
    assert_eq!((upstream.requests().len(), upstream.totals().requests), (0, 2));
}
