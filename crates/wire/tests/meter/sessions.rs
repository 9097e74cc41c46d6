//! Realtime sessions: who names the model, whose fault an error is, what a goodbye says.

use std::time::Duration;

use weir_wire::{
    Degraded, End, Endpoint, Exchange, Outcome, OutcomeKind, Policy, RequestHead, ResponseHead,
};

/// A frame of the server, or of a client that masks with zeros.
fn frame(opcode: u8, payload: &[u8], masked: bool) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut frame = vec![0x80 | opcode];
    match u8::try_from(payload.len()) {
        Ok(short @ ..126) => frame.push(mask | short),
        _ => {
            frame.push(mask | 126);
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend_from_slice(if masked { &[0; 4] } else { &[] });
    frame.extend_from_slice(payload);
    frame
}

fn client_says(text: &str) -> Vec<u8> {
    frame(1, text.as_bytes(), true)
}

fn server_says(text: &str) -> Vec<u8> {
    frame(1, text.as_bytes(), false)
}

fn server_closes(code: u16) -> Vec<u8> {
    frame(8, &code.to_be_bytes(), false)
}

const CREATED: &str = r#"{"type":"session.created","session":{"model":"gpt-realtime"}}"#;
const DONE: &str = r#"{"type":"response.done","response":{"status":"completed","usage":{"input_tokens":9,"output_tokens":5}}}"#;
const NOT_NOW: &str = r#"{"type":"error","error":{"type":"invalid_request_error","code":"response_cancel_not_active"}}"#;
const BROKEN: &str = r#"{"type":"error","error":{"type":"server_error","code":"x"}}"#;

/// A session in which first the client says its part, then the server.
fn session(target: &str, client: &[Vec<u8>], server: &[Vec<u8>]) -> Exchange {
    let head = RequestHead { target, ..RequestHead::json(Endpoint::Realtime) };
    let mut exchange = Exchange::new(&head, Policy::exact());
    let _ = exchange.on_request_body(&[], true);
    exchange.on_request_sent(Duration::ZERO);
    exchange.on_response_head(&ResponseHead::new(101, None));
    exchange.on_client_frames(&client.concat());
    let _ = exchange.on_response_body(Duration::from_millis(5), &server.concat());
    exchange
}

fn outcome(exchange: &Exchange, end: End) -> Outcome {
    exchange.outcome(Duration::from_millis(9), end)
}

#[test]
fn the_code_of_a_goodbye_tells_a_fault() {
    for (code, kind) in [
        (1000, OutcomeKind::Success),
        (1001, OutcomeKind::Success),
        (1008, OutcomeKind::StreamError),
        (1011, OutcomeKind::StreamError),
    ] {
        let exchange = session("", &[], &[server_says(DONE), server_closes(code)]);
        assert_eq!(outcome(&exchange, End::Complete).kind, kind, "{code}");
    }
}

#[test]
fn an_error_counts_until_an_answer_makes_up_for_it() {
    let kind = |server: &[&str]| {
        let mut frames: Vec<_> = server.iter().map(|text| server_says(text)).collect();
        frames.push(server_closes(1000));
        outcome(&session("", &[], &frames), End::Complete).kind
    };
    assert_eq!(kind(&[NOT_NOW]), OutcomeKind::StreamError);
    assert_eq!(kind(&[NOT_NOW, DONE]), OutcomeKind::Success);
    assert_eq!(kind(&[DONE, NOT_NOW]), OutcomeKind::Success);
    assert_eq!(kind(&[DONE, BROKEN]), OutcomeKind::StreamError);
}

#[test]
fn what_was_delivered_is_not_abandoned() {
    let exchange = session("", &[], &[server_says(DONE)]);
    let outcome = outcome(&exchange, End::ClientClosed);
    assert_eq!(outcome.kind, OutcomeKind::ClientClosedMidStream);
    assert_eq!(outcome.tokens.output.map(|tokens| tokens.count), Some(5));
    assert_eq!(outcome.abandoned, None);
}

#[test]
fn the_model_is_the_one_that_answers() {
    let item = client_says(r#"{"type":"conversation.item.create","model":"x"}"#);
    let update = client_says(r#"{"type":"session.update","model":"vllm"}"#);
    let listening = client_says(
        r#"{"type":"session.update","session":{"audio":{"input":{"transcription":{"model":"whisper"}}}}}"#,
    );
    let created = server_says(CREATED);
    let model = |target: &str, client: &[&[u8]], server: &[Vec<u8>]| {
        session(target, &[client.concat()], server).model().map(str::to_owned)
    };
    assert_eq!(model("", &[&item, &update], &[]).as_deref(), Some("vllm"));
    assert_eq!(
        model("", &[&listening], std::slice::from_ref(&created)).as_deref(),
        Some("gpt-realtime")
    );
    assert_eq!(model("", &[&listening], &[]).as_deref(), Some("whisper"));
    assert_eq!(
        model("/v1/realtime?model=q", &[&update], std::slice::from_ref(&created)).as_deref(),
        Some("q")
    );
    assert_eq!(model("/v1/realtime?model=", &[&update], &[]).as_deref(), Some("vllm"));
}

#[test]
fn what_can_not_be_read_is_said() {
    let compressed = [0xc1, 0x80, 0, 0, 0, 0];
    let exchange = session("", &[compressed.to_vec()], &[server_says("hello")]);
    let outcome = outcome(&exchange, End::Complete);
    assert_eq!(outcome.degraded, Some(Degraded::InvalidJson), "the server's comes first");
    let exchange = session("", &[], &[server_says("hello"), vec![0xc1, 0]]);
    assert_eq!(self::outcome(&exchange, End::Complete).kind, OutcomeKind::Success);
}

#[test]
fn another_protocol_is_nobodys() {
    let mut exchange =
        Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), Policy::exact());
    let _ = exchange.on_request_body(b"{}", true);
    exchange.on_response_head(&ResponseHead::new(101, None));
    assert!(!exchange.is_upgraded());
    let _ = exchange.on_response_body(Duration::ZERO, b"anything");
    assert_eq!(outcome(&exchange, End::Complete).kind, OutcomeKind::Success);
}
