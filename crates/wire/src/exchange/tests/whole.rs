//! JSON answers that come in one piece.

use super::*;

/// What is known of an answer whose body came in these pieces.
fn whole_answer(pieces: &[&str]) -> crate::Outcome {
    let head = RequestHead::json(Endpoint::ChatCompletions);
    let mut exchange = Exchange::new(&head, Policy::observe());
    let _ = exchange.on_request_body(br#"{"model":"m"}"#, true);
    exchange.on_response_head(&ResponseHead::new(200, Some("application/json")));
    for piece in pieces {
        give(&mut exchange, ms(5), piece);
    }
    exchange.on_response_end();
    exchange.outcome(ms(5), End::Complete)
}

#[test]
fn what_follows_a_body_that_came_at_once_matters_at_its_end() {
    let broken_off = |pieces: &[&str]| {
        let mut exchange =
            Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), Policy::observe());
        let _ = exchange.on_request_body(br#"{"model":"m"}"#, true);
        exchange.on_response_head(&ResponseHead::new(200, Some("application/json")));
        for piece in pieces {
            give(&mut exchange, ms(5), piece);
        }
        exchange.outcome(ms(5), End::UpstreamReset)
    };
    let body = r#"{"id":"1","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}}"#;
    let (front, back) = body.split_at(30);
    assert_eq!(broken_off(&[body, "x"]), broken_off(&[front, back, "x"]));
}

#[test]
fn a_body_that_comes_at_once_is_read_like_one_that_is_cut() {
    let of = |id: &str, behind: &str| {
        format!(
            "{{\"id\":\"{id}\",\"object\":\"chat.completion\",\"model\":\"n\",\"choices\":[{{\"index\":0,\"message\":\
             {{\"role\":\"assistant\",\"content\":\"a }} b\"}},\"finish_reason\":\"stop\"}}],\"usage\":\
             {{\"prompt_tokens\":7,\"completion_tokens\":5}}}}{behind}"
        )
    };
    for body in [
        of("chatcmpl-1", ""),
        of("chatcmpl-1", "\n "),
        of("chatcmpl-1", "}"),
        of("chatcmpl-1", " {}"),
        of(&"x".repeat(600), ""),
        of(&"x".repeat(2_000), ""),
        of("chatcmpl-1", "")
            .replace("\"usage\":{", "\"usage\":[{}],\"usage\":{\"a\":\"\u{fffd}\","),
        of("chatcmpl-1", "").replace("\"n\"", "7"),
        of("chatcmpl-1", "")
            .replace("\"model\"", "\"timings\":{\"prompt_ms\":7},\"metrics\":null,\"model\""),
        of("chatcmpl-1", "\u{c}"),
        of("chatcmpl-1", "").replace("\"index\":0", "\"index\":0.5.1"),
    ] {
        let whole = whole_answer(&[&body]);
        for at in 1..body.len() {
            if let Some((front, back)) = body.split_at_checked(at) {
                assert_eq!(whole_answer(&[front, back]), whole, "{body} cut at {at}");
            }
        }
    }
    let invalid = whole_answer(&[&of("1", ""), "x"]);
    assert_eq!(invalid.degraded, Some(Degraded::InvalidJson));
    assert_eq!(invalid.kind, whole_answer(&[&of("1", "x")]).kind);
    let whole = whole_answer(&[&of("1", ""), "\n"]);
    assert_eq!((whole.kind, whole.degraded), (OutcomeKind::Success, None));
}
