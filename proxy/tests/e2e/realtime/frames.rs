//! The frames of sessions go through to the byte, whatever they are.

use std::time::Duration;

use weir_sim::{Plan, Recorded, Upstream};

use super::{
    APPEND, COMMIT, CREATE, PATH, UPDATE, WITH_MODEL, assert_bytes, echo, outcome, start, tokens,
};
use crate::rig::websocket::{BINARY, CLOSE, PING, PONG, TEXT, masked};
use crate::rig::{Client, DEADLINE, End, ProxyGuard, WebSocket, upgrade};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_every_kind_and_size_go_both_ways() {
    let noise: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    for (what, bytes) in [
        ("text", masked(TEXT, b"{\"type\":\"x\"}")),
        ("an empty one", masked(TEXT, b"")),
        ("ping and pong", [masked(PING, b"are you there"), masked(PONG, &[0; 125])].concat()),
        ("126 bytes", masked(BINARY, &noise[..126])),
        ("64 KiB", masked(TEXT, &noise[..65_536])),
        ("a mebibyte", masked(BINARY, &noise)),
        ("a mebibyte of text", masked(TEXT, &vec![b'w'; 1 << 20])),
        ("fragments", [masked(0x01, b"a"), masked(PING, b""), masked(0x80, b"b")].concat()),
        ("reserved bits", masked(0xf1, b"x")),
        ("no frames at all", noise[..5000].to_vec()),
    ] {
        let (_upstream, proxy, mut socket) = echo(WITH_MODEL).await;
        socket.send_bytes(&bytes).await;
        assert_bytes(&socket.take(bytes.len()).await, &bytes, what);
        socket.client.leave();
        let scrape = proxy.settled().await;
        for side in ["llm_request_size_bytes_sum", "llm_response_size_bytes_sum"] {
            assert_eq!(scrape.sum(side, &[]), Some(bytes.len() as f64), "{what}: {side}");
        }
        let ended = scrape.sum("llm_requests_total", &[("outcome", "client_closed_mid_stream")]);
        assert_eq!(ended, Some(1.0), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_come_byte_by_byte_or_all_at_once() {
    let (_upstream, proxy, mut socket) = echo(WITH_MODEL).await;
    let some = [masked(TEXT, UPDATE.as_bytes()), masked(PING, b"p")].concat();
    for byte in &some {
        socket.send_bytes(&[*byte]).await;
        assert_eq!(socket.take(1).await, [*byte]);
    }
    let many = some.repeat(5000);
    socket.send_bytes(&many).await;
    assert_bytes(&socket.take(many.len()).await, &many, "many");
    socket.send_frame(CLOSE, &1000_u16.to_be_bytes()).await;
    socket.take(8).await;
    socket.client.half_close().await;
    assert_eq!(socket.client.rest().await, (Vec::new(), End::Closed));
    assert_eq!(outcome(&proxy).await.0, "success");
}

/// A client need not wait for the answer's end before it speaks, nor an upstream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_come_with_the_heads() {
    let (_sim, proxy) = start(Plan::tokens(2)).await;
    let mut client = Client::connect(proxy.engine()).await;
    let early = masked(TEXT, CREATE.as_bytes());
    client.send([upgrade(WITH_MODEL).bytes(), early].concat()).await;
    client.read_until_text("response.done").await;
    client.leave();
    let (outcome, scrape) = outcome(&proxy).await;
    assert_eq!(outcome, "client_closed_mid_stream");
    assert_eq!(tokens(&scrape, "output"), Some(2.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_messages_are_counted_as_small_ones_are() {
    let long = "w".repeat(1 << 20);
    let plan = Plan { prompt_tokens: Some(40), text: vec![long.clone()], ..Plan::tokens(2) };
    let sim = Upstream::builder().plan(plan).keep_bodies(4 << 20).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let mut socket = WebSocket::open(proxy.engine(), &upgrade(PATH)).await;
    socket.message_of("session.created").await;
    socket.send(UPDATE).await;
    let append = format!(r#"{{"type":"input_audio_buffer.append","audio":"{long}"}}"#);
    socket.send(&append).await;
    socket.send(COMMIT).await;
    for _ in 0..2 {
        assert_eq!(socket.message().await["delta"], long.as_str());
    }
    assert_eq!(socket.message().await["type"], "transcription.done");
    socket.close().await;
    let (outcome, scrape) = outcome(&proxy).await;
    assert_eq!((outcome.as_str(), tokens(&scrape, "output")), ("success", Some(2.0)));
    let booked = |seen: &[Recorded]| seen.iter().all(Recorded::finished);
    let sent = sim.wait_for(booked, DEADLINE, "the session is booked").await.pop().unwrap();
    assert!(sent.body == format!("{UPDATE}\n{append}\n").as_bytes(), "{}", sent.body.len());
    assert_eq!(scrape.sum("weir_meter_degraded_total", &[]), Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_of_both_sides_are_answered_by_the_other() {
    let (_sim, proxy) = start(Plan { comment_every: Some(1), ..Plan::tokens(2) }).await;
    let mut socket = WebSocket::open(proxy.engine(), &upgrade(PATH)).await;
    socket.message_of("session.created").await;
    for message in [UPDATE, APPEND, COMMIT] {
        socket.send(message).await;
    }
    for _ in 0..2 {
        assert_eq!(socket.frame().await, (PING, b"keep-alive".to_vec()));
        socket.send_frame(PONG, b"keep-alive").await;
        assert_eq!(socket.message().await["type"], "transcription.delta");
    }
    socket.message_of("transcription.done").await;
    socket.send_frame(PING, b"are you there").await;
    assert_eq!(socket.frame().await, (PONG, b"are you there".to_vec()));
    socket.close().await;
    let (outcome, scrape) = outcome(&proxy).await;
    assert_eq!((outcome.as_str(), tokens(&scrape, "output")), ("success", Some(2.0)));
}

/// Pingora gives a client 60 s to send more of its body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes 70 s"]
async fn a_silent_session_survives() {
    let (_upstream, proxy, mut socket) = echo(WITH_MODEL).await;
    tokio::time::sleep(Duration::from_secs(70)).await;
    socket.send(UPDATE).await;
    let length = socket.sent;
    socket.take(length).await;
    socket.client.leave();
    assert_eq!(outcome(&proxy).await.0, "client_closed_mid_stream");
}
