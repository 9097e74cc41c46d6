//! Each fault, seen from the client's side of the wire.

use std::time::Duration;

use weir_sim::{BodyFlavour, DeadPort, Ending, Engine, ErrorShape, Fault, OVERSIZED_HEAD, Plan};
use weir_sim::{Recorded, Upstream};

use crate::client::{Answer, CHAT, Client, DEADLINE, End, chat, post};
use crate::sse::{content, contents, ends_with_done, events, jsons};

async fn start(fault: Fault) -> Upstream {
    let plan = Plan { fault: Some(fault), ..Plan::tokens(8) };
    Upstream::builder().plan(plan).start().await.unwrap()
}

/// The answer to a chat, and how it was recorded once it was over.
async fn ask(fault: Fault, stream: bool) -> (Answer, Recorded) {
    let upstream = start(fault).await;
    let answer = post(&upstream, CHAT, "", &chat(stream)).await;
    (answer, ended(&upstream).await)
}

async fn ended(upstream: &Upstream) -> Recorded {
    let over = |all: &[Recorded]| all.first().is_some_and(|r| r.ending != Ending::Open);
    upstream.wait_for(over, DEADLINE, "the request is over").await.remove(0)
}

#[tokio::test]
async fn a_refusal_has_the_wanted_body() {
    for (body, starts) in [
        (BodyFlavour::Engine, r#"{"error":{"message""#),
        (BodyFlavour::Plain, "Service Unavailable"),
        (BodyFlavour::Html, "<html>"),
        (BodyFlavour::Empty, ""),
        (BodyFlavour::Json("[1]".to_owned()), "[1]"),
    ] {
        let (answer, seen) = ask(Fault::RefuseStatus { code: 503, body }, true).await;
        assert_eq!((answer.status, seen.status, seen.output_tokens), (503, Some(503), 0));
        assert!(answer.text().starts_with(starts), "{}", answer.text());
        assert!(seen.finished() && answer.header("retry-after").is_some());
    }
}

#[tokio::test]
async fn an_error_code_is_a_number_or_a_string() {
    for (engine, code) in [("vllm:0.32.0", "429}"), ("litellm:1.106.2", "\"429\"}")] {
        let engine: Engine = engine.parse().unwrap();
        let upstream = Upstream::builder().engine(engine).start().await.unwrap();
        let answer = post(&upstream, CHAT, "x-sim: fault=status:429\r\n", &chat(true)).await;
        assert!(answer.text().contains(&format!("\"code\":{code}")), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_prompt_too_long_is_refused_in_the_engines_words() {
    for (engine, words) in [
        (Engine::vllm("0.32.0"), "maximum context length"),
        (Engine::vllm("0.6.6"), "maximum context length"),
        (Engine::litellm("1.106.2"), "ContextWindowExceededError"),
        (Engine::llama_cpp(), "exceed_context_size_error"),
    ] {
        let upstream = Upstream::builder().engine(engine).start().await.unwrap();
        upstream.push(Plan::fault(Fault::ContextLength));
        let answer = post(&upstream, CHAT, "", &chat(true)).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(words), "{}", answer.text());
    }
}

#[tokio::test]
async fn before_the_head_nothing_is_sent() {
    for (fault, end) in
        [(Fault::ResetBeforeHead, End::Reset), (Fault::CloseBeforeHead, End::Closed)]
    {
        let upstream = start(fault).await;
        let mut client = Client::connect(upstream.addr()).await;
        client.post(CHAT, "", &chat(true)).await;
        assert_eq!(client.rest().await, (Vec::new(), end));
        assert_eq!((ended(&upstream).await.ending, upstream.totals().cut), (Ending::Cut, 1));
    }
}

#[tokio::test]
async fn an_end_after_the_head_leaves_the_head() {
    for stream in [true, false] {
        for (fault, end) in
            [(Fault::ResetAfterHead, End::Reset), (Fault::CloseAfterHead, End::Closed)]
        {
            let (answer, seen) = ask(fault, stream).await;
            assert_eq!((answer.status, answer.body.len(), answer.end), (200, 0, end));
            assert_eq!((seen.ending, seen.output_tokens), (Ending::Cut, 0));
        }
    }
}

#[tokio::test]
async fn a_stream_breaks_off_after_so_many_events() {
    for (fault, end, tokens) in [
        (Fault::ResetMidEvent { after_events: 3 }, End::Reset, 3),
        (Fault::ResetMidEvent { after_events: 0 }, End::Reset, 0),
        (Fault::ResetMidEvent { after_events: 99 }, End::Reset, 8),
        (Fault::CloseMidStream { after_events: 5 }, End::Closed, 5),
        (Fault::EndWithoutFinish { after_events: 2 }, End::Complete, 2),
        (Fault::EndWithoutFinish { after_events: 99 }, End::Complete, 8),
    ] {
        let name = format!("{fault:?}");
        let half = matches!(fault, Fault::ResetMidEvent { .. });
        let (answer, seen) = ask(fault, true).await;
        assert_eq!((answer.status, answer.end), (200, end), "{name}");
        assert_eq!(contents(answer.text()).len(), tokens, "{name}");
        assert_eq!((seen.output_tokens, seen.ending), (tokens as u64, Ending::Cut), "{name}");
        assert_eq!(answer.text().ends_with("\n\n"), !half, "{name}");
        let finished = |event: &serde_json::Value| event["choices"][0]["finish_reason"].is_string();
        assert!(!jsons(answer.text()).iter().any(finished), "{name}");
        assert!(!ends_with_done(answer.text()), "{name}");
    }
}

#[tokio::test]
async fn a_finish_never_slips_out_with_the_last_token() {
    let upstream = start(Fault::EndWithoutFinish { after_events: 99 }).await;
    let body = r#"{"model":"tiny","messages":[],"stream":true,"max_tokens":4}"#;
    let answer = post(&upstream, CHAT, "", body).await;
    assert_eq!(contents(answer.text()).len(), 4);
    assert!(!answer.text().contains("\"length\""));
}

#[tokio::test]
async fn a_whole_answer_breaks_off_in_its_middle() {
    for (fault, end) in [
        (Fault::ResetMidEvent { after_events: 3 }, End::Reset),
        (Fault::CloseMidStream { after_events: 3 }, End::Closed),
        (Fault::EndWithoutFinish { after_events: 3 }, End::Complete),
    ] {
        for chunked in [false, true] {
            let fault = fault.clone();
            let plan = Plan { chunked, fault: Some(fault), ..Plan::default() };
            let upstream = Upstream::builder().plan(plan).start().await.unwrap();
            let answer = post(&upstream, CHAT, "", &chat(false)).await;
            assert_eq!(answer.end, end);
            assert!(answer.body.len() > 100);
            assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_err());
            let seen = ended(&upstream).await;
            assert_eq!((seen.ending, seen.output_tokens, seen.usage), (Ending::Cut, 0, None));
        }
    }
}

#[tokio::test]
async fn a_stall_lasts_until_the_client_leaves() {
    let upstream = start(Fault::Stall { after_events: 2 }).await;
    let mut client = Client::connect(upstream.addr()).await;
    client.post(CHAT, "", &chat(true)).await;
    client.head().await;
    let two = |all: &[Recorded]| all[0].output_tokens == 2;
    let seen = upstream.wait_for(two, DEADLINE, "two tokens are sent").await;
    assert_eq!(seen[0].ending, Ending::Open);
    drop(client);
    assert!(ended(&upstream).await.client_left());
}

#[tokio::test]
async fn a_slow_head_is_slow_and_then_all_is_well() {
    let delay = Duration::from_millis(120);
    for stream in [true, false] {
        let before = tokio::time::Instant::now();
        let (answer, seen) = ask(Fault::SlowHead(delay), stream).await;
        assert!(before.elapsed() >= delay);
        assert_eq!((answer.status, answer.end, seen.output_tokens), (200, End::Complete, 8));
    }
}

#[tokio::test]
async fn an_error_comes_inside_the_stream() {
    for (path, shape, place) in [
        (CHAT, ErrorShape::Nested, "/error/message"),
        (CHAT, ErrorShape::OldNested, "/error/object"),
        (CHAT, ErrorShape::Flat, "/message"),
        ("/v1/messages", ErrorShape::Nested, "/error/message"),
        ("/v1/responses", ErrorShape::Nested, "/message"),
    ] {
        for then_done in [false, true] {
            let upstream = start(Fault::InBandError { after_events: 2, shape, then_done }).await;
            let body = r#"{"model":"tiny","messages":[],"input":"p","stream":true}"#;
            let answer = post(&upstream, path, "", body).await;
            assert_eq!((answer.status, answer.end), (200, End::Complete));
            let jsons = jsons(answer.text());
            let error = jsons.last().unwrap();
            assert!(error.pointer(place).unwrap().is_string(), "{error}");
            assert_eq!(ends_with_done(answer.text()), then_done);
            assert_eq!(jsons.iter().filter_map(content).count(), 2);
            assert_eq!(ended(&upstream).await.output_tokens, 2);
        }
    }
}

#[tokio::test]
async fn nonsense_is_no_http() {
    let upstream = start(Fault::Nonsense).await;
    let mut client = Client::connect(upstream.addr()).await;
    client.post(CHAT, "", &chat(true)).await;
    let (bytes, _) = client.rest().await;
    assert!(!bytes.is_empty() && !bytes.starts_with(b"HTTP"));
}

#[tokio::test]
async fn a_huge_event_is_one_of_many() {
    let (answer, seen) = ask(Fault::HugeEvent(20 * 1024 * 1024), true).await;
    let sizes: Vec<usize> = contents(answer.text()).iter().map(String::len).collect();
    assert_eq!(sizes.len(), 8);
    assert_eq!(sizes[1], 20 * 1024 * 1024);
    assert!(events(answer.text()).len() > 8 && seen.finished());
}

#[tokio::test]
async fn an_oversized_head_is_otherwise_good() {
    let (answer, _) = ask(Fault::OversizedHead, true).await;
    assert_eq!(answer.header("x-filler").map(str::len), Some(OVERSIZED_HEAD));
    assert_eq!((answer.end, contents(answer.text()).len()), (End::Complete, 8));
}

#[tokio::test]
async fn a_connection_closes_unannounced() {
    let upstream = start(Fault::CloseKeepAlive).await;
    let mut client = Client::connect(upstream.addr()).await;
    client.post(CHAT, "", &chat(true)).await;
    let answer = client.answer().await;
    assert_eq!((answer.end, answer.header("connection")), (End::Complete, None));
    assert_eq!(client.rest().await, (Vec::new(), End::Closed));
    assert!(ended(&upstream).await.finished());
}

#[tokio::test]
async fn a_dead_port_refuses() {
    let port = DeadPort::new().unwrap();
    let error = tokio::net::TcpStream::connect(port.addr()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}
