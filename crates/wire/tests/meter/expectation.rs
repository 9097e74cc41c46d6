//! What came of a case as JSON. Everything is taken apart member by member, so that a new field
//! does not compile until it stands here.

use std::time::Duration;

use serde_json::{Value, json};
use weir_wire::{
    EngineReport, GatewayReport, Outcome, Parameters, Progress, RequestFacts, TokenCounts, Tokens,
};

use crate::case::Case;
use crate::drive::Run;
use crate::schedule::blocks;

/// The content of `NAME.outcome.json`.
pub(crate) fn of(case: &Case, run: &Run) -> Value {
    let Run { outcome: result, facts, progress, sent, received } = run;
    json!({
        "outcome": outcome(result),
        "request": facts.as_ref().map(request),
        "progress": live(progress),
        "added_to_request": added(&case.request, sent, &case.name),
        "taken_out_of_answer": taken_out(case.body(), received, &case.name),
    })
}

fn outcome(outcome: &Outcome) -> Value {
    let Outcome {
        kind,
        endpoint,
        model,
        response_model,
        response_id,
        // Those of the request.
        parameters: _,
        http_status,
        streamed,
        duration,
        time_to_first_byte,
        time_to_first_token,
        time_to_first_answer_token,
        time_per_output_token,
        // The cases have no slow clients.
        client_stall: _,
        connect,
        overhead,
        request_bytes,
        response_bytes,
        content_events,
        tokens: counts,
        audio: _,
        usage_missing,
        abandoned,
        finish_reason,
        tool_calls,
        engine: _,
        gateway: _,
        degraded,
    } = outcome;
    let members = json!({
        "kind": kind.as_str(),
        "status": kind.status().as_str(),
        "endpoint": endpoint.as_str(),
        "model": model,
        "response_model": response_model,
        "response_id": response_id,
        "http_status": http_status,
        "streamed": streamed,
        "duration": time(*duration),
        "time_to_first_byte": time_to_first_byte.map(time),
        "time_to_first_token": time_to_first_token.map(time),
        "time_to_first_answer_token": time_to_first_answer_token.map(time),
        "time_per_output_token": time_per_output_token.map(time),
        "connect": connect.map(time),
        "overhead": overhead.map(time),
        "request_bytes": request_bytes,
        "response_bytes": response_bytes,
        "content_events": content_events,
        "tokens": token_counts(counts),
        "usage_missing": usage_missing.map(|reason| reason.as_str()),
        "abandoned": abandoned.as_ref().map(tokens),
        "finish_reason": finish_reason,
        "tool_calls": tool_calls,
        "degraded": degraded.map(|reason| reason.as_str()),
        "lacks_first_token": outcome.lacks_first_token(),
    });
    with_reports(members, outcome)
}

/// Adds what most answers do not have.
fn with_reports(mut members: Value, outcome: &Outcome) -> Value {
    let Outcome { audio, engine, gateway, .. } = outcome;
    for (name, value) in [
        ("audio", json!(audio.map(time))),
        ("engine", engine_report(engine)),
        ("gateway", gateway_report(gateway)),
    ] {
        if !value.is_null() {
            members[name] = value;
        }
    }
    members
}

fn engine_report(report: &EngineReport) -> Value {
    let EngineReport { fingerprint, queue, time_to_first_token, prompt, generation, inter_token } =
        report;
    if *report == EngineReport::default() {
        return Value::Null;
    }
    json!({
        "fingerprint": fingerprint,
        "queue": queue.map(time),
        "time_to_first_token": time_to_first_token.map(time),
        "prompt": prompt.map(time),
        "generation": generation.map(time),
        "inter_token": inter_token.map(time),
    })
}

fn gateway_report(report: &GatewayReport) -> Value {
    let GatewayReport {
        call_id,
        model_id,
        api_base,
        cost_usd,
        duration,
        overhead,
        retries,
        fallbacks,
    } = report;
    if *report == GatewayReport::default() {
        return Value::Null;
    }
    json!({
        "call_id": call_id,
        "model_id": model_id,
        "api_base": api_base,
        "cost_usd": cost_usd.map(|cost| cost.to_string()),
        "duration": duration.map(time),
        "overhead": overhead.map(time),
        "retries": retries,
        "fallbacks": fallbacks,
    })
}

fn token_counts(counts: &TokenCounts) -> Value {
    let TokenCounts { input, output, cached_input, cache_write_input, reasoning_output } = counts;
    json!({
        "input": input.as_ref().map(tokens),
        "output": output.as_ref().map(tokens),
        "cached_input": cached_input,
        "cache_write_input": cache_write_input,
        "reasoning_output": reasoning_output,
    })
}

fn tokens(tokens: &Tokens) -> Value {
    let Tokens { count, source } = tokens;
    json!(format!("{count} {}", source.as_str()))
}

fn request(facts: &RequestFacts) -> Value {
    let RequestFacts { model, stream, has_stream_options, include_usage: _, parameters, echo } =
        facts;
    let Parameters { choices, max_tokens, .. } = parameters;
    let members = json!({
        "model": model,
        "stream": stream,
        "has_stream_options": has_stream_options,
        "choices": choices,
        "max_tokens": max_tokens,
        "echo": echo,
    });
    with_parameters(members, parameters)
}

/// Adds what most requests do not say.
fn with_parameters(mut members: Value, parameters: &Parameters) -> Value {
    let Parameters {
        choices: _,
        max_tokens: _,
        temperature,
        top_p,
        top_k,
        frequency_penalty,
        presence_penalty,
        seed,
    } = parameters;
    for (name, value) in [
        ("temperature", json!(temperature)),
        ("top_p", json!(top_p)),
        ("top_k", json!(top_k)),
        ("frequency_penalty", json!(frequency_penalty)),
        ("presence_penalty", json!(presence_penalty)),
        ("seed", json!(seed)),
    ] {
        if !value.is_null() {
            members[name] = value;
        }
    }
    members
}

fn live(progress: &Progress) -> Value {
    let Progress { events, coalesced, discarded, gaps } = progress;
    let runs = gaps.chunk_by(PartialEq::eq);
    let gaps: Vec<_> = runs.map(|run| format!("{} × {}", run.len(), time(run[0]))).collect();
    json!({ "events": events, "coalesced": coalesced, "discarded": discarded, "gaps": gaps })
}

fn time(span: Duration) -> String {
    format!("{span:?}")
}

/// What the upstream is sent beyond the client's own bytes.
fn added(request: &[u8], sent: &[u8], name: &str) -> Option<String> {
    let front = request.iter().zip(sent).take_while(|(a, b)| a == b).count();
    let back = &request[front..];
    let middle = sent[front..].strip_suffix(back);
    let middle = middle.unwrap_or_else(|| panic!("{name}: the request lost bytes"));
    (!middle.is_empty()).then(|| String::from_utf8_lossy(middle).into_owned())
}

/// The events that the client does not get. All other bytes must be there, in their order.
fn taken_out(body: &[u8], received: &[u8], name: &str) -> Vec<String> {
    if body == received {
        return Vec::new();
    }
    let mut rest = received;
    let mut taken = Vec::new();
    for block in blocks(body) {
        match rest.strip_prefix(block) {
            Some(behind) => rest = behind,
            None => taken.push(String::from_utf8_lossy(block).into_owned()),
        }
    }
    assert!(rest.is_empty(), "{name}: the client got {:?}", String::from_utf8_lossy(received));
    taken
}
