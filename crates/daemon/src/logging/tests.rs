mod libraries;

use std::collections::HashMap;
use std::env::VarError;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use super::{DEFAULT_FILTER, LogFormat, filter, subscriber};

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What is logged of `events` with these variables.
fn logged(format: LogFormat, variables: &[(&'static str, &str)], events: fn()) -> String {
    let log = Log::default();
    let filter = filter(DEFAULT_FILTER, environment(variables)).unwrap();
    tracing::subscriber::with_default(subscriber(format, filter, false, log.clone()), events);
    let bytes = log.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn environment(
    variables: &[(&'static str, &str)],
) -> impl Fn(&'static str) -> Result<String, VarError> {
    let variables: HashMap<_, _> =
        variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    move |name| variables.get(name).cloned().ok_or(VarError::NotPresent)
}

#[test]
fn a_json_line_has_its_fields_at_the_top() {
    let log =
        logged(LogFormat::Json, &[], || tracing::info!(target: "weir", port = 1, "Up \"now\"."));
    let line: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["target"], "weir");
    assert_eq!(line["message"], "Up \"now\".");
    assert_eq!(line["port"], 1);
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
}

#[test]
fn text_is_one_line_without_colour_unless_asked() {
    let log = logged(LogFormat::Pretty, &[], || tracing::warn!(target: "weir", port = 1, "Full."));
    assert!(log.ends_with("WARN weir: Full. port=1\n"), "{log:?}");
    assert!(!log.contains('\u{1b}'), "{log:?}");
}

#[test]
fn the_environment_adds_to_the_default_filter() {
    let events = || {
        tracing::debug!(target: "weir_proxy", "own detail");
        tracing::info!(target: "weir_proxy", "own");
        tracing::warn!(target: "pingora_core::server", "pingora warning");
        tracing::error!(target: "pingora_core::server", "pingora error");
        tracing::error!(target: "pingora_core::apps::http_app", "client left");
        tracing::error!(target: "pingora_proxy", "client left");
    };
    let messages = |variables| {
        let log = logged(LogFormat::Pretty, variables, events);
        log.lines().map(|line| line.split(": ").last().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(messages(&[]), ["own", "pingora error"]);
    assert_eq!(messages(&[("RUST_LOG", "debug")]), ["own detail", "own", "pingora error"]);
    assert_eq!(messages(&[("WEIR_LOG", "off"), ("RUST_LOG", "debug")]), ["pingora error"]);
    assert_eq!(
        messages(&[("WEIR_LOG", " trace , pingora_core::server=warn")]),
        ["own detail", "own", "pingora warning", "pingora error"]
    );
    assert_eq!(messages(&[("WEIR_LOG", ""), ("RUST_LOG", "error")]), ["pingora error"]);
    assert_eq!(
        messages(&[("WEIR_LOG", "warn,pingora_proxy=error")]),
        ["pingora error", "client left"]
    );
}

#[test]
fn a_filter_that_cannot_be_read_is_named() {
    let error = filter(DEFAULT_FILTER, environment(&[("WEIR_LOG", "weir=loud")])).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("WEIR_LOG = \"weir=loud\": expected log filters"), "{message}");
    assert!(message.ends_with("(from environment variable WEIR_LOG)"), "{message}");
}
