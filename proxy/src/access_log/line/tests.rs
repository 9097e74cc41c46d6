use std::collections::BTreeSet;

use serde_json::Value;
use weir_ledger::{Cost, Hop};
use weir_wire::{Degraded, GatewayReport, Outcome, OutcomeKind, Tokens, UsageMissing};

use super::super::outcomes::{bare, streamed};
use super::super::repeats::Kind;
use super::*;
use crate::trace_context::{SpanId, TraceContext, TraceId};

const LOGS_MD: &str = include_str!("../../../../LOGS.md");

const TRACE: TraceContext = TraceContext {
    trace: TraceId(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736),
    span: SpanId(0x53ce_929d_0e0e_4736),
    parent: None,
    is_sampled: true,
};

/// 2026-11-22T08:39:37Z
fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_336_777)
}

fn ended(outcome: &Outcome) -> Ended<'_> {
    Ended {
        outcome,
        trace: &TRACE,
        route: "llama",
        hop: Hop::Engine,
        model: "unknown",
        request_id: None,
        upstream: None,
        client: None,
        cost: None,
        attempts: 0,
        began: noon(),
    }
}

fn text(line: Vec<u8>) -> String {
    String::from_utf8(line).unwrap()
}

/// A request of which everything is known.
fn full(tell: impl Fn(&Ended<'_>)) {
    let call_id = Some("c-1".to_owned());
    let outcome = Outcome {
        kind: OutcomeKind::Truncated,
        client_stall: Duration::from_micros(1_500),
        finish_reason: Some("length".to_owned()),
        gateway: GatewayReport { call_id, ..GatewayReport::default() },
        usage_missing: Some(UsageMissing::StreamCut),
        degraded: Some(Degraded::EventTooLarge),
        ..streamed()
    };
    let trace = TraceContext { parent: Some(SpanId(0x00f0_67aa_0ba9_02b7)), ..TRACE };
    tell(&Ended {
        trace: &trace,
        model: "tiny",
        request_id: Some("r-1"),
        upstream: Some("http://127.0.0.1:8000"),
        client: Some("team-a"),
        cost: Cost::told(0.00021),
        attempts: 2,
        ..ended(&outcome)
    });
}

#[test]
fn a_line_of_which_everything_is_known() {
    full(|ended| {
        let golden = concat!(
            r#"{"ts":"2026-11-22T08:39:39.000000Z","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","#,
            r#""span_id":"53ce929d0e0e4736","parent_id":"00f067aa0ba902b7","request_id":"r-1","#,
            r#""hop":"engine","route":"llama","client":"team-a","endpoint":"chat_completions","#,
            r#""model":"tiny","upstream":"http://127.0.0.1:8000","status":"error","#,
            r#""outcome":"truncated","http_status":200,"streamed":true,"attempts":2,"#,
            r#""duration_ms":2000.0,"overhead_ms":0.08,"connect_ms":0.3,"first_byte_ms":90.0,"#,
            r#""ttft_ms":100.0,"first_answer_ms":600.0,"tpot_ms":9.0,"stall_ms":1.5,"#,
            r#""input_tokens":1000,"cached_input_tokens":800,"cache_write_input_tokens":100,"#,
            r#""output_tokens":50,"reasoning_output_tokens":30,"usage_source":"reported","#,
            r#""cost_usd":0.00021,"cost_source":"litellm","usage_missing":"stream_cut","#,
            r#""degraded":"event_too_large","finish_reason":"length","request_bytes":100,"#,
            r#""response_bytes":70000,"litellm_call_id":"c-1"}"#,
            "\n",
        );
        assert_eq!(text(of(ended)), golden);
    });
}

/// Unknown is absent: neither null nor 0.
#[test]
fn a_line_of_which_next_to_nothing_is_known() {
    let golden = concat!(
        r#"{"ts":"2026-11-22T08:39:37.040000Z","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","#,
        r#""span_id":"53ce929d0e0e4736","hop":"engine","route":"llama","#,
        r#""endpoint":"chat_completions","model":"unknown","status":"client","outcome":"rejected","#,
        r#""streamed":false,"attempts":0,"duration_ms":40.0,"request_bytes":100,"#,
        r#""response_bytes":0}"#,
        "\n",
    );
    assert_eq!(text(of(&ended(&bare(OutcomeKind::Rejected)))), golden);
}

#[test]
fn what_was_left_out_is_a_line_too() {
    let (hop, route) = (Hop::Edge, "litellm".to_owned());
    let kind = Kind { hop, route, outcome: OutcomeKind::ConnectFailed };
    let golden = concat!(
        r#"{"ts":"2026-11-22T08:39:37.000000Z","hop":"edge","route":"litellm","status":"error","#,
        r#""outcome":"connect_failed","left_out":99}"#,
        "\n",
    );
    assert_eq!(text(of_left_out(&LeftOut { kind, count: 99 }, noon())), golden);
}

#[test]
fn logs_md_explains_each_field() {
    let rows = LOGS_MD.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let explained: BTreeSet<_> = rows.map(|(name, _)| name.to_owned()).collect();
    full(|ended| {
        let line: Value = serde_json::from_slice(&of(ended)).unwrap();
        let mut written: BTreeSet<_> = line.as_object().unwrap().keys().cloned().collect();
        written.insert("left_out".to_owned());
        assert_eq!(explained, written, "LOGS.md (left) and the log (right)");
    });
}

#[test]
fn what_others_say_is_bounded_and_stays_on_its_line() {
    let outcome = Outcome {
        finish_reason: Some("\u{1b}[31m\r\n\u{85}\0".to_owned()),
        gateway: GatewayReport { call_id: Some("ä\n\"x\"".to_owned()), ..Default::default() },
        ..bare(OutcomeKind::Success)
    };
    let model = "m\u{7}\n".repeat(500);
    let line = text(of(&Ended { model: &model, ..ended(&outcome) }));
    assert_eq!(line.find('\n'), Some(line.len() - 1), "{line}");
    let read: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(read["model"], "m".repeat(43));
    assert_eq!(read["litellm_call_id"], "ä\"x\"");
    assert_eq!(read["finish_reason"], "[31m");
    assert_eq!(plain(&"ä".repeat(100)).len(), 128);
}

#[test]
fn tokens_that_are_estimated_in_part_are_estimated() {
    let mut outcome = streamed();
    let of = |outcome: &Outcome| -> Value { serde_json::from_slice(&of(&ended(outcome))).unwrap() };
    outcome.tokens.output = Some(Tokens { count: 7, source: Source::Estimated });
    assert_eq!(of(&outcome)["usage_source"], "estimated");
    outcome.tokens.input = None;
    assert_eq!(of(&outcome)["usage_source"], "estimated");
    outcome.tokens.output = None;
    assert!(of(&outcome).get("usage_source").is_none());
}

#[test]
fn no_clock_is_too_strange() {
    for (time, written) in [
        (UNIX_EPOCH, "1970-01-01T00:00:00.000000Z"),
        (UNIX_EPOCH - Duration::from_micros(1), "1969-12-31T23:59:59.999999Z"),
        (UNIX_EPOCH + Duration::from_micros(1_709_164_800_000_001), "2024-02-29T00:00:00.000001Z"),
        (UNIX_EPOCH + Duration::from_secs(253_402_300_800), "1970-01-01T00:00:00.000000Z"),
        (UNIX_EPOCH - Duration::from_secs(1 << 50), "1970-01-01T00:00:00.000000Z"),
    ] {
        assert_eq!(rfc3339(time), written);
    }
}
