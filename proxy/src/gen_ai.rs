//! Requests that have ended as OTLP metrics, by the names that the conventions for generative AI have.
//!
//! Each hop says the same of a request that passes both: `weir.hop` tells them apart.

use weir_telemetry::{Attributes, Histogram, Instrument, Metrics, Value};
use weir_wire::{Source, Status, Tokens};

use crate::ended::Ended;
use crate::span::{self, Semconv};

/// Bounds of the conventions.
const TOKENS: &[f64] = &[
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0,
    16777216.0, 67108864.0,
];
const DURATIONS: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const FIRST_TOKEN: &[f64] =
    &[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
const PER_TOKEN: &[f64] =
    &[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5];

/// The histograms of both generations; what nothing is put in is not exported.
pub(crate) struct GenAi {
    metrics: Metrics,
    // Old.
    token_usage: Histogram,
    operation_duration: Histogram,
    // New.
    inference_duration: Histogram,
    first_chunk: Histogram,
    input_tokens: Histogram,
    output_tokens: Histogram,
    // Of servers.
    request_duration: Histogram,
    first_token: Histogram,
    per_token: Histogram,
}

impl GenAi {
    pub(crate) fn new(metrics: Metrics) -> Self {
        let seconds = |name, bounds| metrics.histogram(Instrument { name, unit: "s", bounds });
        let tokens = |name| metrics.histogram(Instrument { name, unit: "{token}", bounds: TOKENS });
        Self {
            token_usage: tokens("gen_ai.client.token.usage"),
            operation_duration: seconds("gen_ai.client.operation.duration", DURATIONS),
            inference_duration: seconds("gen_ai.client.inference.duration", DURATIONS),
            first_chunk: seconds("gen_ai.client.inference.time_to_first_chunk", DURATIONS),
            input_tokens: tokens("gen_ai.client.inference.operation.input_tokens"),
            output_tokens: tokens("gen_ai.client.inference.operation.output_tokens"),
            request_duration: seconds("gen_ai.server.request.duration", DURATIONS),
            first_token: seconds("gen_ai.server.time_to_first_token", FIRST_TOKEN),
            per_token: seconds("gen_ai.server.time_per_output_token", PER_TOKEN),
            metrics,
        }
    }

    /// A request has ended.
    pub(crate) fn ended(&self, ended: &Ended<'_>, semconv: Semconv) {
        let outcome = ended.outcome;
        let (is_old, is_new) = (semconv != Semconv::New, semconv != Semconv::Old);
        let fine = attributes(ended, semconv);
        let said = match span::has_failed(outcome.kind) {
            true => fine.with("error.type", Value::Word(outcome.kind.as_str())),
            false => fine.clone(),
        };
        let duration = outcome.duration.as_secs_f64();
        self.request_duration.record(duration, &said);
        if is_old {
            self.operation_duration.record(duration, &said);
        }
        if is_new {
            self.inference_duration.record(duration, &said);
        }
        if let Some(time) = outcome.time_to_first_token {
            if is_new {
                self.first_chunk.record(time.as_secs_f64(), &said);
            }
            // Those are of successes alone.
            if outcome.kind.status() == Status::Success {
                self.first_token.record(time.as_secs_f64(), &fine);
            }
        }
        if let Some(time) = outcome.time_per_output_token
            && outcome.kind.status() == Status::Success
        {
            self.per_token.record(time.as_secs_f64(), &fine);
        }
        for (tokens, kind, new) in [
            (outcome.tokens.input, "input", &self.input_tokens),
            (outcome.tokens.output, "output", &self.output_tokens),
        ] {
            // What is billed, not what Weir counted.
            let Some(Tokens { count, source: Source::Reported }) = tokens else { continue };
            if is_old {
                let typed = fine.with("gen_ai.token.type", Value::Word(kind));
                self.token_usage.record(count as f64, &typed);
            }
            if is_new {
                new.record(count as f64, &said);
            }
        }
    }

    /// Exports what there is, within bounds.
    pub(crate) fn end(&self) {
        self.metrics.shutdown();
    }
}

/// What tells histograms apart: words of closed lists, the bounded model, the upstream of a route.
fn attributes(ended: &Ended<'_>, semconv: Semconv) -> Attributes {
    let (provider, address) = span::answers(ended);
    let mut to = Attributes::default();
    to.push("gen_ai.operation.name", Value::Word(span::operation(ended.outcome.endpoint)));
    if semconv != Semconv::New {
        to.push("gen_ai.system", Value::Word(provider));
    }
    if semconv != Semconv::Old {
        to.push("gen_ai.provider.name", Value::Word(provider));
    }
    to.push("gen_ai.request.model", Value::Text(ended.model.to_owned()));
    to.push("weir.hop", Value::Word(ended.hop.as_str()));
    if let Some((host, port)) = address {
        to.push("server.address", Value::Text(host));
        to.push("server.port", Value::Integer(port.into()));
    }
    to
}
