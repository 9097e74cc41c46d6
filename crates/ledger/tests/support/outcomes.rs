//! Outcomes to settle with, requests that do so, and a reader for what the ledger then exposes.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::time::Duration;

use weir_ledger::{Hop, Ledger, Route};
use weir_wire::{
    Degraded, Endpoint, EngineReport, GatewayReport, Outcome, OutcomeKind, Parameters, Source,
    TokenCounts, Tokens, UsageMissing,
};

/// An outcome of that kind about which nothing else is known.
pub(crate) fn bare(kind: OutcomeKind) -> Outcome {
    Outcome {
        kind,
        endpoint: Endpoint::ChatCompletions,
        model: None,
        response_model: None,
        response_id: None,
        parameters: Parameters::default(),
        http_status: None,
        streamed: false,
        duration: Duration::from_millis(40),
        time_to_first_byte: None,
        time_to_first_token: None,
        time_to_first_answer_token: None,
        time_per_output_token: None,
        client_stall: Duration::ZERO,
        connect: None,
        overhead: None,
        request_bytes: 100,
        response_bytes: 0,
        content_events: 0,
        tokens: TokenCounts::default(),
        audio: None,
        usage_missing: None,
        abandoned: None,
        finish_reason: None,
        tool_calls: 0,
        engine: EngineReport::default(),
        gateway: GatewayReport::default(),
        degraded: None,
    }
}

/// A 2xx answer about which nothing else is known.
pub(crate) fn fine() -> Outcome {
    answered(200, OutcomeKind::Success)
}

/// An answer with that status about which nothing else is known.
pub(crate) fn answered(code: u16, kind: OutcomeKind) -> Outcome {
    Outcome { http_status: Some(code), ..bare(kind) }
}

/// A stream that went well and of which everything is known.
pub(crate) fn streamed() -> Outcome {
    let reported = |count| Some(Tokens { count, source: Source::Reported });
    Outcome {
        http_status: Some(200),
        streamed: true,
        duration: Duration::from_secs(2),
        time_to_first_byte: Some(Duration::from_millis(90)),
        time_to_first_token: Some(Duration::from_millis(100)),
        time_to_first_answer_token: Some(Duration::from_millis(600)),
        time_per_output_token: Some(Duration::from_millis(9)),
        connect: Some(Duration::from_micros(300)),
        overhead: Some(Duration::from_micros(80)),
        response_bytes: 70_000,
        content_events: 20,
        tokens: TokenCounts {
            input: reported(1_000),
            output: reported(50),
            cached_input: Some(800),
            cache_write_input: Some(100),
            reasoning_output: Some(30),
        },
        ..bare(OutcomeKind::Success)
    }
}

/// A stream that the client left before the first token.
pub(crate) fn abandoned() -> Outcome {
    Outcome {
        http_status: Some(200),
        streamed: true,
        audio: Some(Duration::from_millis(2_500)),
        usage_missing: Some(UsageMissing::StreamCut),
        abandoned: Some(Tokens { count: 7, source: Source::Estimated }),
        degraded: Some(Degraded::InvalidJson),
        ..bare(OutcomeKind::ClientClosedBeforeFirstToken)
    }
}

/// The route `default` of an engine with the configured model `tiny`.
pub(crate) fn route(ledger: &Ledger) -> Route {
    ledger.route("default", Hop::Engine, &["tiny".to_owned()])
}

/// A chat request for a model, from its begin to its end.
pub(crate) fn settle(route: &Route, model: &str, outcome: &Outcome) {
    let mut entry = route.begin(Endpoint::ChatCompletions);
    entry.identify(Some(model));
    entry.settle(outcome);
}

/// Every sample of an exposition, by name and labels as they are printed.
pub(crate) fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        })
        .collect()
}

/// Sum of the samples of `name` whose labels contain every one of `labels`; `None` if there is none.
pub(crate) fn sum(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let samples = samples(text);
    let mut found = samples
        .iter()
        .filter(|(series, _)| {
            series.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
                && labels.iter().all(|label| series.contains(label))
        })
        .map(|(_, value)| *value)
        .peekable();
    found.peek().is_some().then(|| found.sum())
}
