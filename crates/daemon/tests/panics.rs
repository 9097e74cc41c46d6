//! What a panic leaves in the log, in a process of its own: a panic hook is the whole process's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::process::Command;

use weir_daemon::logging::{self, LogFormat};

/// Tells the process that is started which panic it is to have.
const CHILD: &str = "PANIC_OF_TEST";

/// Not a test: the process that panics. What it does goes to the log and is then forgotten.
#[test]
fn child() {
    let Ok(kind) = std::env::var(CHILD) else { return };
    logging::init(LogFormat::Json, logging::DEFAULT_FILTER).unwrap();
    let caught = std::panic::catch_unwind(|| match kind.as_str() {
        "literal" => panic!("a literal"),
        "formatted" => panic!("of a {kind} message: wormwood"),
        // The standard library quotes the text.
        "cut" => drop(std::hint::black_box("wörmwood")[..2].to_owned()),
        other => unreachable!("{other}"),
    });
    assert!(caught.is_err());
}

/// Everything that the process says.
fn said(kind: &str) -> String {
    let itself = std::env::current_exe().unwrap();
    let mut child = Command::new(itself);
    child.args(["--exact", "child", "--nocapture"]).env_clear().env(CHILD, kind);
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap()
}

/// The line of the log.
fn line(said: &str) -> serde_json::Value {
    let line = said.lines().find(|line| line.starts_with('{')).unwrap();
    serde_json::from_str(line).unwrap()
}

#[test]
fn a_panic_is_one_line_with_its_place() {
    let line = line(&said("literal"));
    assert_eq!((&line["level"], &line["message"]), (&"ERROR".into(), &"A panic.".into()));
    assert_eq!(line["panic"], "a literal");
    let place = line["place"].as_str().unwrap();
    assert!(place.contains("tests/panics.rs:"), "{place}");
}

#[test]
fn a_message_that_may_quote_traffic_is_left_out() {
    for kind in ["formatted", "cut"] {
        let said = said(kind);
        assert_eq!(line(&said)["panic"], "(left out: it may quote traffic)");
        assert!(!said.contains("rmwood"), "{said}");
    }
}
