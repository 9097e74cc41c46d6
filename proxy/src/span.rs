//! A request that has ended as a span: names, times and attributes, from the same outcome as the metrics.
//!
//! It is of kind `CLIENT`, as OpenTelemetry's conventions for generative AI have inference: it is a call of the
//! upstream, whose address it tells, and what the upstream does is its child. Nothing is in it that a prompt or an
//! answer said, and no key.

use std::time::{Duration, SystemTime};

use http::Uri;
use weir_ledger::Hop;
use weir_telemetry::{Event, Span, Value};
use weir_wire::{Endpoint, Outcome, OutcomeKind, Parameters, Source, Status, TokenCounts, Tokens};

use crate::ended::Ended;

/// Longest text of others that is passed on, in bytes.
const LONGEST: usize = 128;

/// Which generation of the conventions for generative AI names the attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Semconv {
    /// Those of version 1.36, the last before they moved: `gen_ai.system`.
    Old,
    /// Those of open-telemetry/semantic-conventions-genai: `gen_ai.provider.name`, and what is known of caches and
    /// reasoning.
    New,
    /// Both: most names are the same.
    Both,
}

type Attributes = Vec<(&'static str, Value)>;

/// The span of a request.
pub(crate) fn of(ended: &Ended<'_>, semconv: Semconv) -> Span {
    let outcome = ended.outcome;
    let operation = operation(outcome.endpoint);
    let mut attributes = Vec::with_capacity(32);
    ask(&mut attributes, ended, semconv);
    parameters(&mut attributes, &outcome.parameters);
    answer(&mut attributes, outcome, semconv);
    usage(&mut attributes, &outcome.tokens, semconv);
    weir(&mut attributes, ended);
    Span {
        trace: ended.trace.trace.0,
        id: ended.trace.span.0,
        parent: ended.trace.parent.map(|parent| parent.0),
        // By the label: a name that anybody may choose would be a name of the span for each.
        name: format!("{operation} {}", plain(ended.model)),
        start: ended.began,
        end: after(ended.began, outcome.duration),
        is_error: has_failed(outcome.kind),
        attributes,
        events: events(ended.began, outcome),
    }
}

/// What was asked for, and of whom.
fn ask(to: &mut Attributes, ended: &Ended<'_>, semconv: Semconv) {
    let outcome = ended.outcome;
    let (provider, address) = answers(ended);
    to.push(("gen_ai.operation.name", Value::Word(operation(outcome.endpoint))));
    if semconv != Semconv::New {
        to.push(("gen_ai.system", Value::Word(provider)));
    }
    if semconv != Semconv::Old {
        to.push(("gen_ai.provider.name", Value::Word(provider)));
        to.push(("gen_ai.request.stream", Value::Flag(outcome.streamed)));
    }
    if let Some(model) = model(ended) {
        to.push(("gen_ai.request.model", Value::Text(plain(model))));
    }
    if let Some((host, port)) = address {
        to.push(("server.address", Value::Text(host)));
        to.push(("server.port", Value::Integer(port.into())));
    }
}

/// How the answer is wanted, where the request says so.
fn parameters(to: &mut Attributes, parameters: &Parameters) {
    let Parameters {
        choices,
        max_tokens,
        temperature,
        top_p,
        top_k,
        frequency_penalty,
        presence_penalty,
        seed,
    } = *parameters;
    for (value, name) in [
        (choices.map(Value::count), "gen_ai.request.choice.count"),
        (max_tokens.map(Value::count), "gen_ai.request.max_tokens"),
        (seed.map(Value::Integer), "gen_ai.request.seed"),
        (temperature.map(Value::Float), "gen_ai.request.temperature"),
        (top_p.map(Value::Float), "gen_ai.request.top_p"),
        (top_k.map(Value::Float), "gen_ai.request.top_k"),
        (frequency_penalty.map(Value::Float), "gen_ai.request.frequency_penalty"),
        (presence_penalty.map(Value::Float), "gen_ai.request.presence_penalty"),
    ] {
        if let Some(value) = value {
            to.push((name, value));
        }
    }
}

/// What came.
fn answer(to: &mut Attributes, outcome: &Outcome, semconv: Semconv) {
    if has_failed(outcome.kind) {
        to.push(("error.type", Value::Word(outcome.kind.as_str())));
    }
    if let Some(code) = outcome.http_status {
        to.push(("http.response.status_code", Value::Integer(code.into())));
    }
    // What a failure names may be anything that the request had in it.
    let is_answer = outcome.http_status.is_some_and(|code| (200..300).contains(&code));
    for (text, name) in [
        (&outcome.response_model, "gen_ai.response.model"),
        (&outcome.response_id, "gen_ai.response.id"),
    ] {
        if let Some(text) = text.as_deref().filter(|_| is_answer) {
            to.push((name, Value::Text(plain(text))));
        }
    }
    if let Some(reason) = &outcome.finish_reason {
        to.push(("gen_ai.response.finish_reasons", Value::Texts(vec![plain(reason)])));
    }
    if let Some(time) = outcome.time_to_first_token.filter(|_| semconv != Semconv::Old) {
        to.push(("gen_ai.response.time_to_first_chunk", seconds(time)));
    }
}

/// Tokens as the server reported them; what Weir counted itself goes by another name, for the conventions want what
/// is billed.
fn usage(to: &mut Attributes, tokens: &TokenCounts, semconv: Semconv) {
    let TokenCounts { input, output, cached_input, cache_write_input, reasoning_output } = *tokens;
    let by_source = [
        (input, "gen_ai.usage.input_tokens", "weir.usage.estimated_input_tokens"),
        (output, "gen_ai.usage.output_tokens", "weir.usage.estimated_output_tokens"),
    ];
    for (tokens, reported, estimated) in by_source {
        let Some(Tokens { count, source }) = tokens else { continue };
        let name = match source {
            Source::Reported => reported,
            Source::Estimated => estimated,
        };
        to.push((name, Value::count(count)));
    }
    if semconv == Semconv::Old {
        return;
    }
    for (count, name) in [
        (cached_input, "gen_ai.usage.cache_read.input_tokens"),
        (cache_write_input, "gen_ai.usage.cache_write.input_tokens"),
        (reasoning_output, "gen_ai.usage.reasoning.output_tokens"),
    ] {
        if let Some(count) = count {
            to.push((name, Value::count(count)));
        }
    }
}

/// What only Weir knows.
fn weir(to: &mut Attributes, ended: &Ended<'_>) {
    let outcome = ended.outcome;
    to.push(("weir.hop", Value::Word(ended.hop.as_str())));
    to.push(("weir.route", Value::Text(ended.route.to_owned())));
    to.push(("weir.endpoint", Value::Word(outcome.endpoint.as_str())));
    to.push(("weir.model", Value::Text(plain(ended.model))));
    to.push(("weir.outcome", Value::Word(outcome.kind.as_str())));
    to.push(("weir.attempts", Value::count(ended.attempts as u64)));
    let gateway = &outcome.gateway;
    for (text, name) in [
        (ended.client, "weir.client"),
        (gateway.call_id.as_deref(), "weir.litellm.call_id"),
        (gateway.model_id.as_deref(), "weir.litellm.model_id"),
    ] {
        if let Some(text) = text {
            to.push((name, Value::Text(plain(text))));
        }
    }
    for (time, name) in [
        (outcome.time_per_output_token, "weir.time_per_output_token"),
        (outcome.connect, "weir.connect"),
        (Some(outcome.client_stall).filter(|stall| !stall.is_zero()), "weir.client_stall"),
        (outcome.engine.queue, "weir.engine.queue"),
    ] {
        if let Some(time) = time {
            to.push((name, seconds(time)));
        }
    }
    if let Some(cost) = &ended.cost {
        to.push(("weir.cost.usd", Value::Float(cost.usd())));
        to.push(("weir.cost.source", Value::Word(cost.source().as_str())));
    }
}

/// What happened on the way, each where its time is known.
fn events(began: SystemTime, outcome: &Outcome) -> Vec<Event> {
    // What comes back counts from then.
    let sent = outcome.overhead.map(|overhead| overhead + outcome.connect.unwrap_or_default());
    let since_sent = |time: Option<Duration>| Some(sent? + time?);
    [
        ("sent", sent),
        ("first_byte", since_sent(outcome.time_to_first_byte)),
        ("first_token", since_sent(outcome.time_to_first_token)),
        ("first_answer_token", since_sent(outcome.time_to_first_answer_token)),
        ("finish", Some(outcome.duration)),
    ]
    .into_iter()
    .filter_map(|(name, since)| Some(Event { name, at: after(began, since?) }))
    .collect()
}

/// Whether the call failed. One whose client left did not.
pub(crate) fn has_failed(kind: OutcomeKind) -> bool {
    let has_left = matches!(
        kind,
        OutcomeKind::ClientClosedBeforeFirstToken | OutcomeKind::ClientClosedMidStream
    );
    kind.status() != Status::Success && !has_left
}

/// A word of the conventions, where they have one.
pub(crate) fn operation(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::ChatCompletions | Endpoint::Responses | Endpoint::Messages => "chat",
        Endpoint::Completions => "text_completion",
        Endpoint::Embeddings
        | Endpoint::Rerank
        | Endpoint::Score
        | Endpoint::Classify
        | Endpoint::Pooling
        | Endpoint::Transcriptions
        | Endpoint::Translations
        | Endpoint::Speech
        | Endpoint::Realtime
        | Endpoint::Other => endpoint.as_str(),
    }
}

/// The model's name, as far as it is public: that of the label, or one that was answered. A key that somebody wrote in
/// its place is neither.
fn model<'a>(ended: &Ended<'a>) -> Option<&'a str> {
    let is_public = ended.outcome.http_status.is_some_and(|code| (200..300).contains(&code));
    match ended.outcome.model.as_deref() {
        Some(named) if is_public || named == ended.model => Some(named),
        _ => None,
    }
}

/// Who answers, and where.
pub(crate) fn answers(ended: &Ended<'_>) -> (&'static str, Option<(String, u16)>) {
    let upstream: Option<Uri> = ended.upstream.and_then(|url| url.parse().ok());
    let host = upstream.as_ref().and_then(Uri::host).map(|host| host.trim_matches(['[', ']']));
    let is_https = upstream.as_ref().and_then(Uri::scheme_str) == Some("https");
    let port = upstream.as_ref().and_then(Uri::port_u16);
    let port = port.unwrap_or(if is_https { 443 } else { 80 });
    (provider(host, ended.hop), host.map(|host| (host.to_owned(), port)))
}

/// Who answers. The conventions have no word for gateways and engines of one's own.
fn provider(host: Option<&str>, hop: Hop) -> &'static str {
    match (host, hop) {
        (Some("api.openai.com"), _) => "openai",
        (Some("api.anthropic.com"), _) => "anthropic",
        (_, Hop::Edge) => "litellm",
        (_, Hop::Engine) => "vllm",
    }
}

/// The beginning of others' text, without what could be taken for more than text.
fn plain(text: &str) -> String {
    let cut = &text[..text.floor_char_boundary(LONGEST)];
    cut.chars().filter(|character| !character.is_control()).collect()
}

fn seconds(time: Duration) -> Value {
    Value::Float(time.as_secs_f64())
}

fn after(began: SystemTime, time: Duration) -> SystemTime {
    began.checked_add(time).unwrap_or(began)
}

#[cfg(test)]
mod tests;
