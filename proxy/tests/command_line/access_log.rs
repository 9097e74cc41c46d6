//! The access log of the built binary: what it says, and that nobody waits for it, wherever it goes.

use std::io::Read as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use weir_sim::{Plan, Upstream};

use crate::files::{file, one_route};
use crate::process::Weir;
use crate::talk;

const FAILED: &str = "The access log can't be written; lines are dropped until it can.";

async fn upstream() -> Upstream {
    Upstream::builder().plan(Plan::tokens(3)).start().await.unwrap()
}

fn logging_to(upstream: &Upstream, path: &str) -> String {
    let route = one_route(&upstream.url(), "");
    format!("{route}\n[proxy.access_log]\npath = {path:?}\n")
}

fn ask(weir: &Weir) {
    let answer = talk::rest(&mut talk::chat(weir.address, "tokens=3"));
    assert!(answer.contains("[DONE]"), "{answer}");
}

fn lines(weir: &Weir, result: &str) -> Option<f64> {
    talk::scrape(weir.admin).value("weir_access_log_lines_total", &[("result", result)])
}

fn read(path: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stdout_has_a_line_for_each_request() {
    let upstream = upstream().await;
    let mut weir = Weir::with_file(&file(&logging_to(&upstream, "-")));
    ask(&weir);
    let nowhere = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000000\r\n\
                   connection: close\r\n\r\n";
    let refused = talk::rest(&mut talk::send(weir.address, nowhere));
    assert!(refused.starts_with("HTTP/1.1 413 "), "{refused}");
    talk::get(weir.address, "/health");
    weir.signal("TERM");
    assert_eq!(weir.ended().0, Some(0));
    let lines: Vec<_> = weir.log().iter().filter(|line| line.get("trace_id").is_some()).collect();
    let outcomes: Vec<_> = lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["success", "rejected"], "what runs no model is no line");
    assert_eq!((&lines[0]["output_tokens"], &lines[0]["attempts"]), (&3.into(), &1.into()));
    assert_eq!((&lines[1]["http_status"], &lines[1]["attempts"]), (&413.into(), &0.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_costs_lines_and_nothing_else() {
    let upstream = upstream().await;
    let mut weir = Weir::with_file(&file(&logging_to(&upstream, "/dev/full")));
    (0..20).for_each(|_| ask(&weir));
    weir.logged(FAILED);
    talk::poll("every line is counted", || (lines(&weir, "dropped") == Some(20.0)).then_some(()));
    assert_eq!(lines(&weir, "written"), Some(0.0));
    weir.signal("TERM");
    assert_eq!(weir.ended().0, Some(0));
    assert_eq!(weir.said(FAILED).len(), 1, "once for as long as it lasts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stdout_that_is_closed_costs_lines_and_nothing_else() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let upstream = upstream().await;
    let path = file(&logging_to(&upstream, "-"));
    let mut weir = Weir::start_onto(&path, Stdio::from(writer));
    (0..20).for_each(|_| ask(&weir));
    talk::poll("every line is counted", || (lines(&weir, "dropped") == Some(20.0)).then_some(()));
    weir.signal("TERM");
    assert_eq!(weir.ended().0, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stdout_that_nobody_reads_holds_up_neither_requests_nor_the_end() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let upstream = upstream().await;
    let path = file(&logging_to(&upstream, "-"));
    let mut weir = Weir::start_onto(&path, Stdio::from(writer));
    // A pipe holds 64 KiB, some hundred lines.
    (0..200).for_each(|_| ask(&weir));
    assert!(lines(&weir, "written").is_some_and(|written| written < 200.0));
    weir.signal("TERM");
    let (code, took) = weir.ended();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    let mut held = String::new();
    reader.read_to_string(&mut held).unwrap();
    assert!(held.lines().next().unwrap().ends_with('}'), "{held:.200}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_moves_it_and_switches_it_off() {
    let upstream = upstream().await;
    let (one, other) = (file(""), file(""));
    let of = |path: &std::path::Path| logging_to(&upstream, path.to_str().unwrap());
    let path = file(&of(&one));
    let mut weir = Weir::with_file(&path);
    for text in [of(&other), one_route(&upstream.url(), "")] {
        ask(&weir);
        talk::settled(weir.admin);
        std::fs::write(&*path, text).unwrap();
        weir.signal("HUP");
        weir.logged("The configuration was read again.");
    }
    ask(&weir);
    weir.signal("TERM");
    assert_eq!(weir.ended().0, Some(0));
    let [one, other] = [read(&one), read(&other)];
    assert_eq!((one.len(), other.len()), (1, 1));
    assert_ne!(one[0]["trace_id"], other[0]["trace_id"]);
}
