//! Exact times, and a meter that fails in the middle of a stream.

mod whole;

use super::*;
use crate::{OutcomeKind, Source, UsageMissing};

const ROLE: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
const FINISH: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn content(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

fn reasoning(text: &str) -> String {
    content(text).replace("content", "reasoning")
}

fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A chat whose request was sent and whose answer is a stream.
fn stream(policy: Policy) -> Exchange {
    let mut exchange = Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), policy);
    let _ = exchange.on_request_body(br#"{"model":"m","stream":true}"#, true);
    exchange.on_connected(us(1_500));
    exchange.on_request_sent(us(2_250));
    exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
    exchange
}

/// Gives one piece; returns what the client gets.
fn give(exchange: &mut Exchange, now: Duration, piece: &str) -> String {
    let forward = exchange.on_response_body(now, piece.as_bytes());
    String::from_utf8(forward.bytes(piece.as_bytes()).to_vec()).unwrap()
}

fn progress(exchange: &mut Exchange) -> Progress {
    let mut all = Progress::default();
    exchange.take_progress(|batch| all = batch.clone());
    all
}

mod times {
    use super::*;

    #[test]
    fn every_span_is_exact() {
        let mut exchange = stream(Policy::observe());
        give(&mut exchange, ms(10), ": keep-alive\n\n");
        give(&mut exchange, ms(20), ROLE);
        give(&mut exchange, us(30_007), &reasoning("hm"));
        give(&mut exchange, us(41_009), &reasoning("ok"));
        give(&mut exchange, us(55_013), &content("a"));
        give(&mut exchange, us(55_113), &content("b"));
        give(&mut exchange, us(90_017), &content("c"));
        give(&mut exchange, ms(91), &[FINISH, USAGE, DONE].concat());
        assert!(exchange.on_response_end().is_empty());
        let outcome = exchange.outcome(us(92_500), End::Complete);
        assert_eq!(outcome.connect, Some(us(1_500)));
        assert_eq!(outcome.overhead, Some(us(750)), "connecting left out");
        assert_eq!(outcome.time_to_first_byte, Some(us(10_000 - 2_250)), "a comment is a byte");
        assert_eq!(outcome.time_to_first_token, Some(us(30_007 - 2_250)));
        assert_eq!(outcome.time_to_first_answer_token, Some(us(55_013 - 2_250)));
        assert_eq!(outcome.time_per_output_token, Some(us(90_017 - 30_007) / 4));
        assert_eq!(outcome.duration, us(92_500));
        assert_eq!(outcome.content_events, 5);
        let Progress { events, coalesced, discarded, gaps } = progress(&mut exchange);
        assert_eq!((events, coalesced, discarded), (5, 1, 0), "the event after 100 µs coalesces");
        assert_eq!(gaps, [us(11_002), us(14_004), us(35_004)]);
    }

    #[test]
    fn a_pooled_connection_takes_no_time_and_all_before_is_overhead() {
        let mut exchange =
            Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), Policy::observe());
        exchange.on_request_sent(us(300));
        let outcome = exchange.outcome(ms(1), End::UpstreamReset);
        assert_eq!((outcome.connect, outcome.overhead), (None, Some(us(300))));
    }

    #[test]
    fn an_answer_before_the_request_was_sent_has_no_times() {
        let mut exchange =
            Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), Policy::observe());
        let _ = exchange.on_request_body(br#"{"stream":true,"#, false);
        exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
        give(&mut exchange, ms(5), &content("a"));
        let outcome = exchange.outcome(ms(6), End::ClientClosed);
        assert_eq!((outcome.time_to_first_byte, outcome.time_to_first_token), (None, None));
        assert_eq!((outcome.overhead, outcome.content_events), (None, 1));
        assert_eq!(outcome.kind, OutcomeKind::ClientClosedMidStream);
    }

    #[test]
    fn events_of_one_read_have_no_time_per_token() {
        let mut exchange = stream(Policy::observe());
        let all = [&content("a"), &content("b"), &content("c"), FINISH, USAGE, DONE].concat();
        give(&mut exchange, ms(10), &all);
        let outcome = exchange.outcome(ms(11), End::Complete);
        assert_eq!(outcome.time_per_output_token, None, "all tokens share one instant");
        assert_eq!(outcome.tokens.output.map(|tokens| tokens.count), Some(5));
        assert_eq!(progress(&mut exchange).coalesced, 2);
    }

    #[test]
    fn an_estimate_gives_no_time_per_token() {
        let mut exchange = stream(Policy::observe());
        give(&mut exchange, ms(10), &content("a"));
        give(&mut exchange, ms(20), &content("b"));
        give(&mut exchange, ms(21), &[FINISH, DONE].concat());
        let outcome = exchange.outcome(ms(22), End::Complete);
        assert_eq!(outcome.tokens.output.map(|tokens| tokens.source), Some(Source::Estimated));
        assert_eq!(outcome.time_per_output_token, None);
    }

    #[test]
    fn a_stall_before_the_first_token_discards_nothing() {
        let mut exchange = stream(Policy::observe());
        give(&mut exchange, ms(5), ROLE);
        exchange.on_client_stall(ms(1));
        give(&mut exchange, ms(10), &content("a"));
        give(&mut exchange, ms(20), &content("b"));
        exchange.on_client_stall(ms(1));
        give(&mut exchange, ms(900), &content("c"));
        let Progress { discarded, gaps, .. } = progress(&mut exchange);
        assert_eq!((discarded, gaps.as_slice()), (1, &[ms(10)][..]));
    }

    #[test]
    fn what_was_handed_over_is_not_handed_over_again() {
        let mut exchange = stream(Policy::observe());
        let mut batches = Vec::new();
        for n in 0..6 {
            give(&mut exchange, ms(n * 5), &content("a"));
            if n % 2 == 1 {
                exchange.take_progress(|batch| batches.push((batch.events, batch.gaps.len())));
            }
        }
        assert_eq!(batches, [(2, 1), (2, 2), (2, 2)]);
        exchange.take_progress(|_| panic!("nothing has happened since"));
    }
}

mod again {
    use super::*;

    #[test]
    fn a_retry_starts_the_meter_afresh() {
        let mut exchange = stream(Policy::exact());
        assert!(exchange.asked_for_usage() && exchange.has_answer());
        give(&mut exchange, ms(5), &content("a"));
        exchange.restart();
        assert!(!exchange.has_answer());
        let outcome = exchange.outcome(ms(6), End::UpstreamReset);
        assert_eq!((outcome.connect, outcome.overhead, outcome.http_status), (None, None, None));
        assert_eq!((outcome.response_bytes, outcome.content_events), (0, 0));
        assert_eq!(outcome.model.as_deref(), Some("m"), "the request is still known");
        assert!(exchange.asked_for_usage(), "the same bytes are sent again");

        exchange.on_request_sent(ms(8));
        exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
        assert_eq!(give(&mut exchange, ms(10), &content("a")), content("a"));
        assert_eq!(give(&mut exchange, ms(12), &[FINISH, USAGE, DONE].concat()), {
            [FINISH, DONE].concat()
        });
        let outcome = exchange.outcome(ms(13), End::Complete);
        assert_eq!(outcome.time_to_first_token, Some(ms(2)));
        assert_eq!(outcome.kind, OutcomeKind::Success);
    }

    #[test]
    fn a_request_sent_as_it_was_written_gets_its_answer_untouched() {
        let mut exchange = stream(Policy::exact());
        exchange.forget_usage_request();
        exchange.restart();
        exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
        let answer = [&content("a"), FINISH, USAGE, DONE].concat();
        assert_eq!(give(&mut exchange, ms(5), &answer), answer);
        assert!(!exchange.asked_for_usage());
    }

    #[test]
    fn a_brace_that_is_held_goes_on_when_nothing_may_be_asked_any_more() {
        let mut head = RequestHead::json(Endpoint::Other);
        head.target = "/invocations";
        let mut exchange = Exchange::new(&head, Policy::exact());
        let body = br#"{"messages":[],"stream":true}"#;
        let mut sent = exchange.on_request_body(body, false).bytes(body).to_vec();
        assert_eq!(sent, body[..body.len() - 1], "the brace waits for the end");
        // The answer comes before the body has ended, and so before it is known what is answered.
        exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
        sent.extend_from_slice(&exchange.on_request_body(b" ", false).bytes(b" "));
        sent.extend_from_slice(&exchange.on_request_body(b"", true).bytes(b""));
        assert_eq!(sent, [&body[..], b" "].concat());
        assert!(!exchange.asked_for_usage());
    }

    #[test]
    fn usage_is_asked_for_once() {
        let mut exchange =
            Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), Policy::exact());
        assert!(exchange.may_grow());
        let asked = exchange.on_request_body(br#"{"stream":true}"#, true);
        assert_ne!(asked, Forward::Unchanged);
        assert!(!exchange.may_grow());
        assert_eq!(exchange.on_request_body(b"", true), Forward::Unchanged);
        assert_eq!(exchange.on_request_body(b"x", true), Forward::Unchanged);
    }
}

mod sent_again {
    use super::*;

    const BODY: &[u8] = br#"{"model":"m","input":"x"}"#;

    #[test]
    fn a_body_that_had_ended_counts_once() {
        let mut exchange = Exchange::new(&RequestHead::json(Endpoint::Embeddings), Policy::exact());
        for _ in 0..2 {
            exchange.restart();
            assert_eq!(exchange.on_request_body(BODY, true), Forward::Unchanged);
        }
        let outcome = exchange.outcome(ms(1), End::Complete);
        assert_eq!((outcome.request_bytes, outcome.degraded), (BODY.len() as u64, None));
    }

    #[test]
    fn a_body_that_was_on_its_way_is_read_from_its_beginning() {
        let (front, back) = BODY.split_at(12);
        let mut exchange = Exchange::new(&RequestHead::json(Endpoint::Embeddings), Policy::exact());
        let _sent = exchange.on_request_body(front, false);
        exchange.restart();
        let _sent = exchange.on_request_body(front, false);
        let _sent = exchange.on_request_body(back, true);
        let outcome = exchange.outcome(ms(1), End::Complete);
        assert_eq!((outcome.request_bytes, outcome.degraded), (BODY.len() as u64, None));
        assert_eq!(outcome.model.as_deref(), Some("m"));
    }
}

mod failing {
    use super::*;
    use crate::trap::Trap;

    /// A stream whose meter fails at an event that holds `BOOM`.
    fn fragile(policy: Policy) -> Exchange {
        let mut exchange = stream(policy);
        exchange.response.trap = Trap::at(b"BOOM");
        exchange
    }

    fn policies() -> [Policy; 2] {
        [Policy::exact(), Policy::observe()]
    }

    #[test]
    fn the_bytes_are_the_same_wherever_they_are_cut() {
        let body = [ROLE, &content("a"), &content("BOOM"), &content("b"), FINISH, DONE].concat();
        for policy in policies() {
            for at in 0..=body.len() {
                let mut exchange = fragile(policy);
                let mut received = give(&mut exchange, ms(10), &body[..at]);
                received += &give(&mut exchange, ms(20), &body[at..]);
                let held = exchange.on_response_end();
                assert!(held.is_empty(), "held bytes are released when the meter fails");
                assert_eq!(received, body, "cut at {at}");
                let outcome = exchange.outcome(ms(30), End::Complete);
                assert_eq!(outcome.degraded, Some(Degraded::Panic));
                assert_eq!(outcome.kind, OutcomeKind::Success, "nobody knows better");
                assert_eq!(outcome.content_events, 1, "what was read before stays");
                assert_eq!(outcome.usage_missing, Some(UsageMissing::Degraded));
            }
        }
    }

    #[test]
    fn a_request_goes_through_as_it_is() {
        let body = "{\"stream\":true,\"messages\":[\"BOOM\"],\"model\":\"m\"}  ";
        for at in 0..=body.len() {
            let head = RequestHead::json(Endpoint::ChatCompletions);
            let mut exchange = Exchange::new(&head, Policy::exact());
            exchange.request.trap = Trap::at(b"BO");
            let (front, back) = body.split_at(at);
            let mut sent =
                exchange.on_request_body(front.as_bytes(), false).bytes(front.as_bytes()).to_vec();
            sent.extend_from_slice(
                &exchange.on_request_body(back.as_bytes(), true).bytes(back.as_bytes()),
            );
            // A cut through the planted word keeps the meter whole, and so the question.
            if !exchange.asked_for_usage() {
                assert_eq!(sent, body.as_bytes(), "cut at {at}");
                let outcome = exchange.outcome(ms(1), End::Complete);
                assert_eq!(outcome.degraded, Some(Degraded::Panic));
                assert!(exchange.request().is_some(), "the request has ended all the same");
            }
        }
    }

    #[test]
    fn an_answer_that_comes_before_the_request_has_ended_loses_the_usage_event_too() {
        let head = RequestHead::json(Endpoint::ChatCompletions);
        let mut exchange = Exchange::new(&head, Policy::exact());
        exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
        let _sent = exchange.on_request_body(br#"{"stream":true}"#, true);
        let body = [content("a").as_str(), FINISH, USAGE, DONE].concat();
        assert_eq!(give(&mut exchange, ms(1), &body), body.replace(USAGE, ""));
    }

    #[test]
    fn what_was_held_comes_before_the_rest() {
        let mut exchange = fragile(Policy::exact());
        let event = content("BOOM");
        let (front, back) = event.split_at(20);
        assert_eq!(give(&mut exchange, ms(10), front), "", "held while it may be usage");
        assert_eq!(give(&mut exchange, ms(11), back), event);
        let rest = "data: {\"choices\":[],\"usage\":{\"completion_tokens\":5}}\n\ndata";
        assert_eq!(give(&mut exchange, ms(12), rest), rest, "nothing is read or held any more");
        assert!(exchange.take_held().is_empty());
    }

    #[test]
    fn a_failure_at_the_very_end_releases_what_is_held() {
        for policy in policies() {
            let mut exchange = fragile(policy);
            let body = [&content("a"), "data: BOOM"].concat();
            let mut received = give(&mut exchange, ms(10), &body).into_bytes();
            received.extend(exchange.on_response_end());
            assert_eq!(received, body.as_bytes());
            let outcome = exchange.outcome(ms(30), End::Complete);
            assert_eq!(outcome.degraded, Some(Degraded::Panic));
        }
    }

    #[test]
    fn every_end_still_has_its_outcome() {
        let ends = [
            (End::Complete, OutcomeKind::Success),
            (End::ClientClosed, OutcomeKind::ClientClosedMidStream),
            (End::UpstreamReset, OutcomeKind::UpstreamReset),
            (End::UpstreamTimeout, OutcomeKind::UpstreamTimeout),
            (End::UpstreamInvalid, OutcomeKind::UpstreamError),
            (End::Shutdown, OutcomeKind::Shutdown),
            (End::Internal, OutcomeKind::InternalError),
        ];
        for (end, kind) in ends {
            let mut exchange = fragile(Policy::exact());
            give(&mut exchange, ms(10), &content("BOOM"));
            assert_eq!(exchange.outcome(ms(11), end).kind, kind, "{end:?}");
        }
    }

    #[test]
    fn a_retry_is_read_again() {
        let mut exchange = fragile(Policy::exact());
        give(&mut exchange, ms(10), &content("BOOM"));
        exchange.restart();
        exchange.on_request_sent(ms(20));
        exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
        give(&mut exchange, ms(30), &[&content("BOOM"), FINISH].concat());
        let outcome = exchange.outcome(ms(31), End::Complete);
        assert_eq!((outcome.degraded, outcome.content_events), (None, 1));
    }
}

#[test]
fn an_event_that_is_no_text_tells_nothing_of_those_that_look_like_it() {
    let head = RequestHead::json(Endpoint::Other);
    let mut exchange = Exchange::new(&head, Policy::observe());
    let _ = exchange.on_request_body(br#"{"stream":true}"#, true);
    exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
    let _ = exchange.on_response_body(ms(1), b"data: {\"model\":\"m\",\"text\":\"\xf0\x9f\"}\n\n");
    give(&mut exchange, ms(2), "data: {\"model\":\"m\",\"text\":\"ok\"}\n\n");
    assert_eq!(exchange.model(), Some("m"));
}
