//! What a load has to be.

use super::{Findings, positive};
use crate::scenario::{Lengths, Load, Scenario, Stage};

/// So many connections a machine has ports for, and memory.
const MOST_AT_ONCE: usize = 20_000;
/// Requests per second.
const LEAST_RATE: f64 = 0.001;
const MOST_RATE: f64 = 100_000.0;
const MOST_STAGES: usize = 1_000;

pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    match &scenario.load {
        Load::Closed { concurrency } => check_at_once(findings, "load.concurrency", *concurrency),
        Load::Open { rate, arrivals: _, max_in_flight } => {
            check_rate(findings, "load.rate", *rate);
            check_at_once(findings, "load.max_in_flight", *max_in_flight);
        }
        Load::Stages { stages } => {
            let is = (1..=MOST_STAGES).contains(&stages.len());
            findings.need_of(is, "load.stages", format!("1 to {MOST_STAGES} of them"));
            for (index, stage) in stages.iter().enumerate() {
                check_stage(findings, &format!("load.stages.{index}"), stage);
            }
        }
        Load::Trace { file: _, speed, max_in_flight } => {
            let is = (LEAST_RATE..=MOST_RATE).contains(speed);
            findings.need(is, "load.speed", speed, format!("{LEAST_RATE} to {MOST_RATE}"));
            check_at_once(findings, "load.max_in_flight", *max_in_flight);
            check_trace(scenario, findings);
        }
    }
}

pub(super) fn check_rate(findings: &mut Findings, key: &str, rate: f64) {
    let is = (LEAST_RATE..=MOST_RATE).contains(&rate);
    findings.need(is, key, rate, format!("{LEAST_RATE} to {MOST_RATE} requests per second"));
}

fn check_at_once(findings: &mut Findings, key: &str, count: usize) {
    let is = (1..=MOST_AT_ONCE).contains(&count);
    findings.need(is, key, count, format!("1 to {MOST_AT_ONCE}"));
}

fn check_stage(findings: &mut Findings, key: &str, stage: &Stage) {
    positive(findings, &format!("{key}.for"), Some(stage.length));
    let expected = "rate or concurrency, and not both";
    match (stage.rate, stage.concurrency) {
        (Some(rate), None) => check_rate(findings, &format!("{key}.rate"), rate),
        (None, Some(clients)) => check_at_once(findings, &format!("{key}.concurrency"), clients),
        (Some(_), Some(_)) | (None, None) => findings.need_of(false, key, expected),
    }
}

/// A trace says itself how long prompts and answers are.
fn check_trace(scenario: &Scenario, findings: &mut Findings) {
    let single = scenario.conversation.turns == Lengths::Fixed(1);
    findings.need_of(
        single,
        "conversation.turns",
        "1 with a trace: each of its lines is one request",
    );
    let expected = "nothing beside a trace, which says how long prompts are";
    findings.need_of(scenario.prompt.file.is_none(), "prompt.file", expected);
    let expected = "nothing beside a trace, whose hash_ids say what is shared";
    findings.need_of(scenario.prompt.shared_prefix == 0, "prompt.shared_prefix", expected);
}
