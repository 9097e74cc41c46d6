//! A line of the access log: which fields it has, and how they are written. What is not known is not
//! there. LOGS.md explains each field.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use time::OffsetDateTime;
use weir_wire::{Source, TokenCounts};

use super::repeats::LeftOut;
use crate::ended::Ended;

/// Longest text of a server's or a client's that is written, in bytes.
const LONGEST: usize = 128;

/// A JSON object on a line of its own.
struct Line(Vec<u8>);

impl Line {
    fn new(ts: SystemTime) -> Self {
        let mut line = Self(Vec::with_capacity(1024));
        line.put("ts", Some(rfc3339(ts)));
        line
    }

    fn put(&mut self, name: &str, value: Option<impl Serialize>) {
        let Some(value) = value else { return };
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        self.write(name);
        self.0.push(b':');
        self.write(value);
    }

    fn write(&mut self, value: impl Serialize) {
        // Only a map whose keys are no text could fail, or a writer that is full.
        let _written = serde_json::to_writer(&mut self.0, &value);
    }

    fn put_time(&mut self, name: &str, time: Option<Duration>) {
        self.put(name, time.map(milliseconds));
    }

    /// Text that Weir did not make up.
    fn put_text(&mut self, name: &str, text: Option<&str>) {
        self.put(name, text.map(plain).filter(|text| !text.is_empty()));
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.extend(b"}\n");
        self.0
    }
}

/// The line of a request that has ended.
pub(super) fn of(ended: &Ended<'_>) -> Vec<u8> {
    let Ended { outcome, trace, route, hop, model, upstream, client, .. } = *ended;
    // Not the clock as it is now: it may have been set meanwhile.
    let end = ended.began.checked_add(outcome.duration).unwrap_or(ended.began);
    let mut line = Line::new(end);
    line.put("trace_id", Some(trace.trace.to_string()));
    line.put("span_id", Some(trace.span.to_string()));
    line.put("parent_id", trace.parent.map(|parent| parent.to_string()));
    line.put("request_id", ended.request_id);
    line.put("hop", Some(hop.as_str()));
    line.put("route", Some(route));
    line.put("client", client);
    line.put("endpoint", Some(outcome.endpoint.as_str()));
    line.put_text("model", Some(model));
    line.put("upstream", upstream);
    line.put("status", Some(outcome.kind.status().as_str()));
    line.put("outcome", Some(outcome.kind.as_str()));
    line.put("http_status", outcome.http_status);
    line.put("streamed", Some(outcome.streamed));
    line.put("attempts", Some(ended.attempts));
    put_times(&mut line, ended);
    put_tokens(&mut line, &outcome.tokens);
    line.put("cost_usd", ended.cost.map(|cost| cost.usd()));
    line.put("cost_source", ended.cost.map(|cost| cost.source().as_str()));
    line.put("usage_missing", outcome.usage_missing.map(|reason| reason.as_str()));
    line.put("degraded", outcome.degraded.map(|reason| reason.as_str()));
    line.put_text("finish_reason", outcome.finish_reason.as_deref());
    line.put("request_bytes", Some(outcome.request_bytes));
    line.put("response_bytes", Some(outcome.response_bytes));
    line.put_text("litellm_call_id", outcome.gateway.call_id.as_deref());
    line.finish()
}

fn put_times(line: &mut Line, ended: &Ended<'_>) {
    let outcome = ended.outcome;
    line.put_time("duration_ms", Some(outcome.duration));
    line.put_time("overhead_ms", outcome.overhead);
    line.put_time("connect_ms", outcome.connect);
    line.put_time("first_byte_ms", outcome.time_to_first_byte);
    line.put_time("ttft_ms", outcome.time_to_first_token);
    line.put_time("first_answer_ms", outcome.time_to_first_answer_token);
    line.put_time("tpot_ms", outcome.time_per_output_token);
    line.put_time("stall_ms", Some(outcome.client_stall).filter(|stall| !stall.is_zero()));
}

fn put_tokens(line: &mut Line, tokens: &TokenCounts) {
    let TokenCounts { input, output, cached_input, cache_write_input, reasoning_output } = *tokens;
    line.put("input_tokens", input.map(|tokens| tokens.count));
    line.put("cached_input_tokens", cached_input);
    line.put("cache_write_input_tokens", cache_write_input);
    line.put("output_tokens", output.map(|tokens| tokens.count));
    line.put("reasoning_output_tokens", reasoning_output);
    let sources = [input, output].into_iter().flatten().map(|tokens| tokens.source);
    // What is estimated in part is estimated.
    let source = sources.reduce(|one, other| if one == Source::Estimated { one } else { other });
    line.put("usage_source", source.map(Source::as_str));
}

/// The line that says how many errors of a kind have none of their own.
pub(super) fn of_left_out(left_out: &LeftOut, now: SystemTime) -> Vec<u8> {
    let LeftOut { kind, count } = left_out;
    let mut line = Line::new(now);
    line.put("hop", Some(kind.hop.as_str()));
    line.put("route", Some(&kind.route));
    line.put("status", Some(kind.outcome.status().as_str()));
    line.put("outcome", Some(kind.outcome.as_str()));
    line.put("left_out", Some(count));
    line.finish()
}

/// To the microsecond.
fn milliseconds(time: Duration) -> f64 {
    (time.as_micros() as f64) / 1_000.0
}

/// Without control characters, and no longer than it may be.
fn plain(text: &str) -> String {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    text.chars().filter(|char| !char.is_control()).collect()
}

/// UTC, to the microsecond. What no calendar holds counts as 1970.
fn rfc3339(time: SystemTime) -> String {
    let nanoseconds = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i128::try_from(since.as_nanos()).ok(),
        Err(before) => i128::try_from(before.duration().as_nanos()).ok().map(|since| -since),
    };
    let read = nanoseconds.and_then(|it| OffsetDateTime::from_unix_timestamp_nanos(it).ok());
    let at = read.filter(|at| (0..=9999).contains(&at.year()));
    let at = at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, month) = (at.date(), u8::from(at.month()));
    let (hour, minute, second, micros) = at.time().as_hms_micro();
    let (year, day) = (date.year(), date.day());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

#[cfg(test)]
mod tests;
