use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use serde_json::Value;
use weir_ledger::Hop;
use weir_wire::{Outcome, OutcomeKind};

use super::outcomes::{answered, fine};
use super::*;
use crate::access::Rate;
use crate::config::LogTarget;
use crate::trace_context::TraceContext;

/// A name in the folder of the system's own for such things; what is there goes when it is dropped.
struct Name(PathBuf);

impl Name {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("weir-{}-{number}.jsonl", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.0).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _removed = fs::remove_file(&self.0);
    }
}

fn config(path: &Path) -> AccessLogConfig {
    AccessLogConfig {
        target: LogTarget::File(path.to_owned()),
        sample: 1.0,
        most_errors: Rate::parse("5/day").unwrap(),
        max_size: Some(100 << 20),
        keep: 5,
    }
}

fn tell(log: &AccessLog, outcome: &Outcome, route: &str) {
    log.ended(&Ended {
        outcome,
        trace: &TraceContext::new(),
        route,
        hop: Hop::Edge,
        model: "tiny",
        request_id: None,
        upstream: None,
        client: None,
        cost: None,
        attempts: 1,
        began: SystemTime::now(),
    });
}

/// What became of the lines: written, dropped, sampled out, suppressed.
fn counted(ledger: &Ledger) -> [u64; 4] {
    let text = ledger.encode();
    LogLine::ALL.map(|result| {
        let sample = format!("weir_access_log_lines_total{{result=\"{}\"}} ", result.as_str());
        text.lines().find_map(|line| line.strip_prefix(&sample)).unwrap().parse().unwrap()
    })
}

#[test]
fn off_it_does_nothing() {
    let ledger = Ledger::new();
    let log = AccessLog::new(&ledger);
    log.follow(None);
    tell(&log, &fine(), "a");
    assert_eq!(counted(&ledger), [0; 4]);
}

#[test]
fn what_has_ended_is_there_when_it_ends() {
    let (ledger, name) = (Ledger::new(), Name::new());
    let log = AccessLog::new(&ledger);
    log.follow(Some(&config(&name.0)));
    (0..100).for_each(|_| tell(&log, &fine(), "a"));
    log.follow(None);
    assert_eq!(name.lines().len(), 100);
    assert_eq!(counted(&ledger), [100, 0, 0, 0]);
    tell(&log, &fine(), "a");
    assert_eq!(counted(&ledger), [100, 0, 0, 0]);
}

#[test]
fn successes_are_sampled_and_errors_are_not() {
    let (ledger, name) = (Ledger::new(), Name::new());
    let log = AccessLog::new(&ledger);
    log.follow(Some(&AccessLogConfig { sample: 0.0, ..config(&name.0) }));
    let kinds = [OutcomeKind::Success, OutcomeKind::ClientClosedAfterFinish];
    kinds.iter().for_each(|kind| tell(&log, &answered(200, *kind), "a"));
    for kind in [OutcomeKind::Truncated, OutcomeKind::Rejected, OutcomeKind::ClientClosedMidStream]
    {
        tell(&log, &answered(200, kind), "a");
    }
    log.follow(None);
    let outcomes: Vec<_> = name.lines().into_iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!(outcomes, ["truncated", "rejected", "client_closed_mid_stream"]);
    assert_eq!(counted(&ledger), [3, 0, 2, 0]);
}

#[test]
fn of_equal_errors_some_are_told_and_the_others_counted() {
    let (ledger, name) = (Ledger::new(), Name::new());
    let log = AccessLog::new(&ledger);
    log.follow(Some(&config(&name.0)));
    let failed = answered(503, OutcomeKind::Overloaded);
    (0..1_000).for_each(|_| tell(&log, &failed, "a"));
    tell(&log, &failed, "b");
    tell(&log, &answered(401, OutcomeKind::Unauthorized), "a");
    log.follow(None);
    let lines = name.lines();
    let is_of = |line: &Value, route, outcome| line["route"] == route && line["outcome"] == outcome;
    let told = lines.iter().filter(|line| is_of(line, "a", "overloaded"));
    let left_out: Vec<_> = told.map(|line| line.get("left_out").and_then(Value::as_u64)).collect();
    assert_eq!(left_out, [None, None, None, None, None, Some(995)]);
    assert!(lines.iter().any(|line| is_of(line, "b", "overloaded")));
    assert!(lines.iter().any(|line| is_of(line, "a", "unauthorized")));
    assert_eq!(counted(&ledger), [8, 0, 0, 995]);
}

#[test]
fn another_configuration_loses_nothing() {
    let (ledger, name, other) = (Ledger::new(), Name::new(), Name::new());
    let log = AccessLog::new(&ledger);
    for config in
        [config(&name.0), AccessLogConfig { keep: 2, ..config(&name.0) }, config(&other.0)]
    {
        log.follow(Some(&config));
        log.follow(Some(&config));
        tell(&log, &fine(), "a");
    }
    log.follow(None);
    assert_eq!((name.lines().len(), other.lines().len()), (2, 1));
    assert_eq!(counted(&ledger), [3, 0, 0, 0]);
}

/// Nobody reads from the pipe: the thread waits for ever, and nobody else.
#[test]
fn a_stuck_pipe_costs_lines_and_nothing_else() {
    let (ledger, name) = (Ledger::new(), Name::new());
    assert!(Command::new("mkfifo").arg(&name.0).status().unwrap().success());
    let log = AccessLog::new(&ledger);
    log.follow(Some(&config(&name.0)));
    let began = Instant::now();
    (0..20_000).for_each(|_| tell(&log, &fine(), "a"));
    // A line per request is some microseconds, a wait would be for ever.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let [written, dropped, ..] = counted(&ledger);
    // A queue and a batch are held, the rest is gone.
    assert!(written == 0 && (15_000..20_000).contains(&dropped), "{written} {dropped}");
    let ending = Instant::now();
    log.follow(None);
    assert!(ending.elapsed() < PATIENCE * 5, "{:?}", ending.elapsed());
    // Nothing is left without a fate, also what was held.
    let [written, dropped, ..] = counted(&ledger);
    assert_eq!(written + dropped, 20_000, "{written} {dropped}");
}
