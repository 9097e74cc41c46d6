use std::time::Instant;

use weir_daemon::config::Span;
use weir_wire::{End, Endpoint, Exchange, Policy, RequestHead, ResponseHead};

use super::*;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A chat that is streamed: the first of `tokens` at 100 ms, one every 10 ms, the end 5 ms after the last.
fn streamed(tokens: u64, end: End) -> Sample {
    let mut exchange =
        Exchange::new(&RequestHead::json(Endpoint::ChatCompletions), Policy::observe());
    let _unchanged =
        exchange.on_request_body(br#"{"model":"tiny","stream":true,"messages":[]}"#, true);
    exchange.on_request_sent(ms(2));
    exchange.on_response_head(&ResponseHead::new(200, Some("text/event-stream")));
    for token in 0..tokens {
        let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
        let _unchanged = exchange.on_response_body(ms(102 + 10 * token), event.as_bytes());
    }
    let last = ms(102 + 10 * tokens - 10);
    if end == End::Complete {
        let usage = format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\ndata: {{\"choices\":[],\
             \"usage\":{{\"prompt_tokens\":7,\"completion_tokens\":{tokens}}}}}\n\ndata: [DONE]\n\n"
        );
        let _unchanged = exchange.on_response_body(last, usage.as_bytes());
        exchange.on_response_end();
    }
    let mut gaps = Vec::new();
    exchange.take_progress(|progress| gaps.clone_from(&progress.gaps));
    let now = Instant::now();
    Sample {
        outcome: exchange.outcome(last + ms(5), end),
        begun: now,
        ended: now,
        gaps,
        text: None,
        trace_id: None,
        cut: false,
        why: None,
    }
}

fn is(found: f64, wanted: f64) -> bool {
    (found - wanted).abs() < 1e-9
}

#[test]
fn figures_are_those_of_the_words() {
    let mut tally = Tally::default();
    for _ in 0..3 {
        tally.send();
    }
    tally.add(&streamed(11, End::Complete), None, &Slo::default());
    tally.add(&streamed(21, End::Complete), None, &Slo::default());
    tally.add(&streamed(3, End::UpstreamReset), None, &Slo::default());
    let figures = tally.figures(2.0, &Slo::default());
    assert_eq!((figures.sent, figures.ended, figures.cut), (3, 3, 0));
    assert_eq!(figures.outcomes["success"], 2);
    assert_eq!(figures.outcomes["upstream_reset"], 1);
    assert!(is(figures.success_rate.unwrap(), 2.0 / 3.0));
    assert!(is(figures.requests_per_second, 1.5) && is(figures.successes_per_second, 1.0));
    let output = figures.output_tokens.unwrap();
    // The stream that broke off said nothing: its events are an estimate.
    assert_eq!((output.total, output.estimated), (35, 3));
    assert!(is(output.per_second, 17.5));
    assert_eq!(figures.input_tokens.unwrap().total, 14);
    assert_eq!(figures.events, 35);
    assert_eq!(figures.goodput, None);

    // Latencies are those of the successes.
    let latency = |name: &str| &figures.latencies[name];
    let first = latency("time_to_first_token");
    assert!(first.count == 2 && is(first.mean, 0.1) && is(first.max, 0.1));
    let gaps = latency("inter_token_latency");
    assert!(gaps.count == 30 && is(gaps.mean, 0.01));
    assert!(is(latency("time_per_output_token").mean, 0.01));
    assert!(is(latency("duration").min, 0.207) && is(latency("duration").max, 0.307));
    assert!(!figures.latencies.contains_key("time_to_first_answer_token"));
    assert!(!figures.latencies.contains_key("schedule_lag"));
}

#[test]
fn an_open_loop_counts_from_the_moment_that_was_wanted() {
    let mut tally = Tally::default();
    tally.add(&streamed(11, End::Complete), Some(Lag(ms(40))), &Slo::default());
    let figures = tally.figures(1.0, &Slo::default());
    assert!(is(figures.latencies["schedule_lag"].mean, 0.04));
    // 40 ms late, 2 ms until it was sent, 100 ms to the first token.
    assert!(is(figures.latencies["scheduled_to_first_token"].mean, 0.142));
    assert!(is(figures.latencies["scheduled_to_end"].mean, 0.247));
}

#[test]
fn what_the_tester_cut_is_in_no_figure_but_one() {
    let mut tally = Tally::default();
    tally.send();
    tally.add(&Sample { cut: true, ..streamed(3, End::ClientClosed) }, None, &Slo::default());
    tally.leave_out();
    let figures = tally.figures(1.0, &Slo::default());
    assert_eq!((figures.ended, figures.cut, figures.not_sent), (0, 1, 1));
    assert!(figures.outcomes.is_empty() && figures.latencies.is_empty());
    assert_eq!((figures.success_rate, figures.output_tokens), (None, None));
    assert_eq!(tally.wanted(), 2);
}

#[test]
fn a_request_is_good_that_keeps_every_limit() {
    let span = Span::from_millis;
    let slo = |slo: Slo| {
        let mut tally = Tally::default();
        tally.add(&streamed(11, End::Complete), None, &slo);
        tally.add(&streamed(21, End::Complete), None, &slo);
        tally.add(&streamed(21, End::UpstreamReset), None, &slo);
        let goodput = tally.figures(2.0, &slo).goodput.unwrap();
        (goodput.requests, goodput.share)
    };
    let third = 1.0 / 3.0;
    let all = Slo { share: Some(0.9), ..Slo::default() };
    assert_eq!(slo(all), (2, 2.0 * third), "a failure is never good");
    assert_eq!(slo(Slo { time_to_first_token: Some(span(100)), ..Slo::default() }).0, 2);
    assert_eq!(slo(Slo { time_to_first_token: Some(span(99)), ..Slo::default() }).0, 0);
    assert_eq!(slo(Slo { duration: Some(span(250)), ..Slo::default() }), (1, third));
    assert_eq!(slo(Slo { inter_token_latency: Some(span(9)), ..Slo::default() }).0, 0);
    assert_eq!(slo(Slo { time_per_output_token: Some(span(10)), ..Slo::default() }).0, 2);
}
