//! Sessions over WebSockets, vLLM's and OpenAI's.

use std::time::Duration;

use serde_json::{Value, json};
use weir_sim::{Ending, Engine, Plan, Recorded, Upstream};

use crate::client::{DEADLINE, End, get};
use crate::websocket::{Frame, WebSocket};

const PATH: &str = "/v1/realtime";
const UPDATE: &str = r#"{"type":"session.update","model":"tiny"}"#;
const APPEND: &str = r#"{"type":"input_audio_buffer.append","audio":"AAAA"}"#;
const COMMIT: &str = r#"{"type":"input_audio_buffer.commit"}"#;
const FINAL: &str = r#"{"type":"input_audio_buffer.commit","final":true}"#;
const CREATE: &str = r#"{"type":"response.create"}"#;

async fn start(plan: Plan) -> Upstream {
    Upstream::builder().engine(Engine::vllm("0.32.0")).plan(plan).start().await.unwrap()
}

/// A session that has its model.
async fn open(upstream: &Upstream, headers: &str) -> WebSocket {
    let mut socket = WebSocket::connect(upstream.addr(), PATH, headers).await;
    assert_eq!(socket.message().await["type"], "session.created");
    socket.send(UPDATE).await;
    socket
}

async fn ended(upstream: &Upstream) -> Recorded {
    let over = |all: &[Recorded]| all.first().is_some_and(|r| r.ending != Ending::Open);
    upstream.wait_for(over, DEADLINE, "the connection is over").await.remove(0)
}

#[tokio::test]
async fn vllm_transcribes_turn_by_turn() {
    let upstream = start(Plan { prompt_tokens: Some(9), ..Plan::tokens(3) }).await;
    let mut socket = open(&upstream, "").await;
    assert!(socket.head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{}", socket.head);
    assert!(socket.head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    for order in [[APPEND, COMMIT].as_slice(), &[COMMIT, APPEND, FINAL]] {
        for message in order {
            socket.send(message).await;
        }
        let messages = socket.messages_until("transcription.done").await;
        let deltas: Vec<_> = messages.iter().filter_map(|m| m["delta"].as_str()).collect();
        assert_eq!(deltas, ["A", " weir", " is"]);
        let done = messages.last().unwrap();
        assert_eq!(
            (&done["text"], &done["usage"]["completion_tokens"]),
            (&json!("A weir is"), &json!(3))
        );
    }
    socket.send_frame(0x88, &[3, 232]).await;
    assert_eq!(socket.frame().await, Frame::Close(1000));
    assert_eq!(socket.rest().await, (Vec::new(), End::Closed));
    let seen = ended(&upstream).await;
    assert_eq!((seen.ending, seen.status), (Ending::Finished, Some(101)));
    assert_eq!((seen.input_tokens, seen.output_tokens, seen.content_events), (18, 6, 6));
    assert_eq!(seen.usage.unwrap().output, 3, "that of the last answer");
    assert!(seen.body.starts_with(UPDATE.as_bytes()) && seen.body.ends_with(b"\n"));
    assert_eq!(upstream.totals().output_tokens, 6);
}

#[tokio::test]
async fn openai_answers_in_a_conversation() {
    let upstream = start(Plan { prompt_tokens: Some(9), ..Plan::tokens(3) }).await;
    let protocol = "sec-websocket-protocol: realtime, openai-insecure-api-key.x\r\n";
    let mut socket =
        WebSocket::connect(upstream.addr(), &format!("{PATH}?model=tiny"), protocol).await;
    assert!(socket.head.contains("Sec-WebSocket-Protocol: realtime\r\n"), "{}", socket.head);
    assert_eq!(socket.message().await["session"]["model"], "tiny");
    socket.send(r#"{"type":"session.update","session":{}}"#).await;
    socket.send(r#"{"type":"conversation.item.create","item":{}}"#).await;
    socket.send(CREATE).await;
    let messages = socket.messages_until("response.done").await;
    let kinds: Vec<_> = messages.iter().map(|m| m["type"].as_str().unwrap()).collect();
    let expected = ["session.updated", "conversation.item.added", "response.created"];
    assert_eq!(kinds[..3], expected);
    assert_eq!(
        kinds[3..],
        [&["response.output_text.delta"; 3][..], &["response.output_text.done", "response.done"]]
            .concat()
    );
    let response = &messages.last().unwrap()["response"];
    assert_eq!(response["status"], "completed");
    assert_eq!(response["usage"]["total_tokens"], 12);
    assert_eq!(response["usage"]["input_token_details"]["cached_tokens"], 0);
    assert_eq!(response["output"][0]["content"][0]["text"], "A weir is");
    drop(socket);
    let seen = ended(&upstream).await;
    assert_eq!((seen.ending, seen.usage.unwrap().input), (Ending::ClientLeft, 9));
}

#[tokio::test]
async fn what_is_wrong_is_said_and_the_session_goes_on() {
    let upstream = start(Plan::tokens(1)).await;
    let mut socket = WebSocket::connect(upstream.addr(), PATH, "").await;
    socket.message().await;
    for (message, code) in [
        ("no json", "invalid_json"),
        (COMMIT, "model_not_validated"),
        (r#"{"type":"session.update"}"#, "invalid_event"),
        (r#"{"type":"session.update","model":"nosuch"}"#, "model_not_found"),
        (CREATE, "unknown_event"),
    ] {
        socket.send(message).await;
        let answer = socket.message().await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)));
        assert!(answer["error"].is_string(), "{answer}");
    }
    let mut openai = WebSocket::connect(upstream.addr(), &format!("{PATH}?model=x"), "").await;
    let refusal = openai.messages_until("error").await.pop().unwrap();
    assert_eq!(refusal["error"]["code"], "model_not_found");
    assert_eq!(openai.frame().await, Frame::Close(1008));
}

#[tokio::test]
async fn pings_are_answered_even_while_an_answer_is_due() {
    let upstream = start(Plan { ttft: Duration::from_secs(1000), ..Plan::default() }).await;
    let mut socket = open(&upstream, "").await;
    socket.send(APPEND).await;
    socket.send(COMMIT).await;
    socket.send_frame(0x89, b"are you there").await;
    assert_eq!(socket.frame().await, Frame::Pong(b"are you there".to_vec()));
    socket.send_frame(0x88, &[]).await;
    assert_eq!(socket.frame().await, Frame::Close(1000));
    assert_eq!(ended(&upstream).await.ending, Ending::Finished);
}

#[tokio::test]
async fn messages_in_fragments_and_pings_of_the_server() {
    let upstream = start(Plan { comment_every: Some(1), ..Plan::tokens(2) }).await;
    let mut socket = open(&upstream, "").await;
    let (one, two) = APPEND.split_at(9);
    socket.send_frame(0x01, one.as_bytes()).await;
    socket.send_frame(0x80, two.as_bytes()).await;
    socket.send(COMMIT).await;
    for _ in 0..2 {
        assert!(matches!(socket.frame().await, Frame::Ping(_)));
        assert_eq!(socket.message().await["type"], "transcription.delta");
    }
    socket.send_frame(0xc1, b"compressed").await;
    socket.messages_until("transcription.done").await;
    assert_eq!(socket.frame().await, Frame::Close(1002));
}

#[tokio::test]
async fn a_session_breaks_off_as_streams_do() {
    for (fault, end, half) in [
        ("reset_mid_event:2", End::Reset, true),
        ("close_mid_stream:2", End::Closed, false),
        ("reset_after_head", End::Reset, false),
    ] {
        let upstream = start(Plan::tokens(5)).await;
        let header = format!("x-sim: fault={fault}\r\n");
        let mut socket = WebSocket::connect(upstream.addr(), PATH, &header).await;
        if fault != "reset_after_head" {
            socket.message().await;
            for message in [UPDATE, APPEND, COMMIT] {
                socket.send(message).await;
            }
            assert_eq!(
                (socket.message().await["delta"].clone(), socket.message().await["delta"].clone()),
                (json!("A"), json!(" weir"))
            );
        }
        let (rest, how) = socket.rest().await;
        assert_eq!((how, rest.is_empty()), (end, !half), "{fault}");
        assert_eq!(ended(&upstream).await.ending, Ending::Cut, "{fault}");
    }
}

#[tokio::test]
async fn errors_and_ends_come_in_band() {
    let upstream = start(Plan::tokens(5)).await;
    let mut socket = open(&upstream, "x-sim: fault=in_band_error:1\r\n").await;
    socket.send(APPEND).await;
    socket.send(COMMIT).await;
    let error = socket.messages_until("error").await.pop().unwrap();
    assert_eq!(error["code"], "processing_error");
    socket.send_frame(0x88, &[3, 232]).await;
    socket.frame().await;
    assert_eq!(ended(&upstream).await.ending, Ending::Cut);
    let upstream = start(Plan::tokens(5)).await;
    let mut socket = open(&upstream, "x-sim: fault=end_without_finish:1\r\n").await;
    socket.send(APPEND).await;
    socket.send(COMMIT).await;
    let delta: Value = socket.message().await;
    assert_eq!((&delta["delta"], socket.frame().await), (&json!("A"), Frame::Close(1000)));
    let seen = ended(&upstream).await;
    assert_eq!((seen.ending, seen.output_tokens, seen.usage), (Ending::Cut, 1, None));
}

#[tokio::test]
async fn only_an_upgrade_opens_a_session() {
    let upstream = start(Plan::default()).await;
    assert_eq!(get(&upstream, PATH).await.text(), r#"{"detail":"Not Found"}"#);
    let older = Upstream::builder().engine(Engine::vllm("0.15.0")).start().await.unwrap();
    for (upstream, headers, status) in [
        (&older, "", "404"),
        (&upstream, "x-sim: fault=status:503\r\n", "503"),
        (&upstream, "x-sim: tokens=1\r\n", "101"),
    ] {
        let socket = WebSocket::connect(upstream.addr(), PATH, headers).await;
        assert_eq!(&socket.head[9..12], status, "{headers}");
    }
    for (key, version, status) in [("short", "13", "400"), ("dGhlIHNhbXBsZSBub25jZQ==", "8", "426")]
    {
        let mut client = crate::client::Client::connect(upstream.addr()).await;
        let head = format!("GET {PATH} HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n");
        let more = format!("sec-websocket-key: {key}\r\nsec-websocket-version: {version}\r\n\r\n");
        client.send(head + &more).await;
        assert_eq!(&client.head().await[9..12], status);
    }
}

#[tokio::test]
async fn messages_are_compressed_for_those_who_offer_it() {
    let upstream = start(Plan::tokens(2)).await;
    let offer = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";
    let mut socket = WebSocket::connect(upstream.addr(), PATH, offer).await;
    assert!(socket.head.contains("Sec-WebSocket-Extensions: permessage-deflate\r\n"));
    assert_eq!(socket.message().await["type"], "session.created");
    socket.send(UPDATE).await;
    // `no json` as a compressed message: one stored block (RFC 7692, section 7.2.3.3).
    let stored = [&[0, 7, 0, 0xf8, 0xff][..], b"no json", &[0]].concat();
    socket.send_frame(0xc1, &stored).await;
    assert_eq!(socket.message().await["code"], "invalid_json");
    socket.send(APPEND).await;
    socket.send(COMMIT).await;
    let messages = socket.messages_until("transcription.done").await;
    assert_eq!(messages.last().unwrap()["text"], "A weir");
}
