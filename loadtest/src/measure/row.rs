//! One request as a row of the report.

use std::time::{Duration, Instant};

use crate::answer::Text;
use crate::drive::Done;
use crate::report::{Content, MOST_TEXT, Request};
use crate::scenario::Slo;
use crate::tally::is_good;

/// The row. `start` is the run's.
pub(super) fn request(done: &Done, start: Instant, stage: Option<usize>, slo: &Slo) -> Request {
    let sample = &done.sample;
    let outcome = &sample.outcome;
    let since = |at: Instant| at.saturating_duration_since(start).as_secs_f64();
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    let gaps: Duration = sample.gaps.iter().sum();
    let mean_gap = u32::try_from(sample.gaps.len()).ok().and_then(|count| gaps.checked_div(count));
    Request {
        number: done.number,
        at: since(sample.begun),
        scheduled: done.scheduled.map(since),
        model: done.model.clone(),
        stage,
        turn: done.turn,
        streamed: outcome.streamed,
        outcome: outcome.kind.as_str().to_owned(),
        http_status: outcome.http_status,
        duration: outcome.duration.as_secs_f64(),
        time_to_first_byte: seconds(outcome.time_to_first_byte),
        time_to_first_token: seconds(outcome.time_to_first_token),
        time_to_first_answer_token: seconds(outcome.time_to_first_answer_token),
        time_per_output_token: seconds(outcome.time_per_output_token),
        mean_gap: seconds(mean_gap),
        longest_gap: seconds(sample.gaps.iter().max().copied()),
        events: outcome.content_events,
        input_tokens: outcome.tokens.input.map(|tokens| tokens.count),
        output_tokens: outcome.tokens.output.map(|tokens| tokens.count),
        finish_reason: outcome.finish_reason.clone(),
        good: slo.is_set().then(|| is_good(sample, slo)),
        trace_id: sample.trace_id.clone(),
    }
}

/// The prompt and its answer, taken out of `done`.
pub(super) fn content(done: &mut Done, text: Text) -> Content {
    let mut prompt = std::mem::take(&mut done.prompt);
    let is_long = prompt.len() > MOST_TEXT;
    prompt.truncate(prompt.floor_char_boundary(MOST_TEXT));
    Content {
        request: done.number,
        model: done.model.clone(),
        turn: done.turn,
        prompt_number: done.prompt_number,
        prompt,
        answer: text.answer,
        reasoning: text.reasoning,
        cut: text.cut || is_long,
        gold: false,
    }
}
