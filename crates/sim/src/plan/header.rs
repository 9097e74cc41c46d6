//! Plans as text: the request header `x-sim: tokens=32,ttft=50ms,fault=reset_mid_event:5`.

use std::str::FromStr;
use std::time::Duration;

use super::{LineEnd, Plan};
use crate::coding::Coding;
use crate::fault::{BodyFlavour, ErrorShape, Fault};

/// A text that is no plan: which part, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot follow `{part}` of the plan: expected {expected}")]
pub struct PlanError {
    part: String,
    expected: &'static str,
}

const KEYS: &str = "one of tokens, reasoning, prompt, cached, seconds, tool, ttft, gap, \
    tokens_per_event, events_per_write, cut, text, eol, comments, done, chunked, coding, fault";
const FAULTS: &str = "one of status:CODE[:engine|plain|html|empty], context_length, \
    reset_before_head, close_before_head, reset_after_head, close_after_head, \
    reset_mid_event:N, close_mid_stream:N, stall:N, slow_head:DURATION, end_without_finish:N, \
    in_band_error:N[:nested|old|flat][:done], nonsense, huge_event:BYTES, oversized_head, \
    close_keep_alive";

impl Plan {
    /// This plan with the changes of a text such as `tokens=32,gap=10ms,fault=stall:5`.
    ///
    /// Keys: `tokens`, `reasoning`, `prompt`, `cached`, `seconds` (of audio), `tokens_per_event`,
    /// `events_per_write`, `cut` (bytes of a write), `comments` (numbers); `ttft`, `gap` (`50ms`,
    /// `2s`, `200us`); `tool`, `done`, `chunked` (`true` or `false`); `text` (of every token,
    /// without commas); `eol` (`lf`, `crlf`, `cr`); `coding` (`gzip`, `deflate`, `br`, `zstd`);
    /// `fault` (a name, with arguments after colons).
    ///
    /// # Errors
    /// On an unknown key or a value that does not fit it.
    pub fn changed_by(mut self, text: &str) -> Result<Self, PlanError> {
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(|| wrong(part, "KEY=VALUE"))?;
            self.change(part, key.trim(), value)?;
        }
        Ok(self)
    }

    fn change(&mut self, part: &str, key: &str, value: &str) -> Result<(), PlanError> {
        match key {
            "tokens" => self.tokens = number(part, value)?,
            "reasoning" => self.reasoning_tokens = number(part, value)?,
            "prompt" => self.prompt_tokens = Some(number(part, value)?),
            "cached" => self.cached_tokens = Some(number(part, value)?),
            "seconds" => self.audio_seconds = Some(number(part, value)?),
            "tool" => self.tool_call = flag(part, value)?,
            "ttft" => self.ttft = duration(part, value)?,
            "gap" => self.gap = duration(part, value)?,
            "tokens_per_event" => self.tokens_per_event = number(part, value)?,
            "events_per_write" => self.events_per_write = number(part, value)?,
            "cut" => self.cut_writes_every = Some(number(part, value)?),
            "text" => self.text = vec![value.to_owned()],
            "eol" => self.line_end = line_end(part, value)?,
            "comments" => self.comment_every = Some(number(part, value)?),
            "done" => self.done = Some(flag(part, value)?),
            "chunked" => self.chunked = flag(part, value)?,
            "coding" => self.coding = Some(coding(part, value)?),
            "fault" => self.fault = Some(value.parse()?),
            _ => return Err(wrong(part, KEYS)),
        }
        Ok(())
    }
}

impl FromStr for Plan {
    type Err = PlanError;

    /// The default plan with the changes of `text`; see [`Plan::changed_by`].
    fn from_str(text: &str) -> Result<Self, PlanError> {
        Self::default().changed_by(text)
    }
}

impl FromStr for Fault {
    type Err = PlanError;

    /// Reads `stall:5`, `status:503:html`, `in_band_error:2:flat:done` and so on.
    fn from_str(text: &str) -> Result<Self, PlanError> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let mut arguments: Vec<&str> = parts.collect();
        if name == "in_band_error" {
            return in_band_error(text, &arguments);
        }
        if name == "status" {
            return refuse_status(text, &arguments);
        }
        let argument = arguments.pop();
        if !arguments.is_empty() {
            return Err(wrong(text, FAULTS));
        }
        match argument {
            None => bare(text, name),
            Some(argument) => with_argument(text, name, argument),
        }
    }
}

fn bare(text: &str, name: &str) -> Result<Fault, PlanError> {
    Ok(match name {
        "context_length" => Fault::ContextLength,
        "reset_before_head" => Fault::ResetBeforeHead,
        "close_before_head" => Fault::CloseBeforeHead,
        "reset_after_head" => Fault::ResetAfterHead,
        "close_after_head" => Fault::CloseAfterHead,
        "nonsense" => Fault::Nonsense,
        "oversized_head" => Fault::OversizedHead,
        "close_keep_alive" => Fault::CloseKeepAlive,
        _ => return Err(wrong(text, FAULTS)),
    })
}

fn with_argument(text: &str, name: &str, argument: &str) -> Result<Fault, PlanError> {
    let after = || number(text, argument);
    Ok(match name {
        "reset_mid_event" => Fault::ResetMidEvent { after_events: after()? },
        "close_mid_stream" => Fault::CloseMidStream { after_events: after()? },
        "stall" => Fault::Stall { after_events: after()? },
        "end_without_finish" => Fault::EndWithoutFinish { after_events: after()? },
        "huge_event" => Fault::HugeEvent(after()?),
        "slow_head" => Fault::SlowHead(duration(text, argument)?),
        _ => return Err(wrong(text, FAULTS)),
    })
}

fn refuse_status(text: &str, arguments: &[&str]) -> Result<Fault, PlanError> {
    let (code, body) = match arguments {
        [code] => (code, BodyFlavour::Engine),
        [code, "engine"] => (code, BodyFlavour::Engine),
        [code, "plain"] => (code, BodyFlavour::Plain),
        [code, "html"] => (code, BodyFlavour::Html),
        [code, "empty"] => (code, BodyFlavour::Empty),
        _ => return Err(wrong(text, FAULTS)),
    };
    match number(text, code)? {
        code @ 400..600 => Ok(Fault::RefuseStatus { code, body }),
        _ => Err(wrong(text, "a status code from 400 to 599")),
    }
}

fn in_band_error(text: &str, arguments: &[&str]) -> Result<Fault, PlanError> {
    let (after, rest) = arguments.split_first().ok_or_else(|| wrong(text, FAULTS))?;
    let (shape, then_done) = match rest {
        [] | ["nested"] => (ErrorShape::Nested, false),
        ["done"] | ["nested", "done"] => (ErrorShape::Nested, true),
        ["old"] => (ErrorShape::OldNested, false),
        ["old", "done"] => (ErrorShape::OldNested, true),
        ["flat"] => (ErrorShape::Flat, false),
        ["flat", "done"] => (ErrorShape::Flat, true),
        _ => return Err(wrong(text, FAULTS)),
    };
    Ok(Fault::InBandError { after_events: number(text, after)?, shape, then_done })
}

fn number<T: FromStr>(part: &str, value: &str) -> Result<T, PlanError> {
    value.parse().map_err(|_| wrong(part, "a whole number"))
}

fn flag(part: &str, value: &str) -> Result<bool, PlanError> {
    value.parse().map_err(|_| wrong(part, "`true` or `false`"))
}

fn line_end(part: &str, value: &str) -> Result<LineEnd, PlanError> {
    match value {
        "lf" => Ok(LineEnd::Lf),
        "crlf" => Ok(LineEnd::CrLf),
        "cr" => Ok(LineEnd::Cr),
        _ => Err(wrong(part, "`lf`, `crlf` or `cr`")),
    }
}

fn coding(part: &str, value: &str) -> Result<Coding, PlanError> {
    let known = Coding::ALL.into_iter().find(|coding| coding.as_str() == value);
    known.ok_or_else(|| wrong(part, "`gzip`, `deflate`, `br` or `zstd`"))
}

fn duration(part: &str, value: &str) -> Result<Duration, PlanError> {
    const FORM: &str = "a duration such as `50ms`, `2s` or `200us`";
    let split = value.find(|c: char| !c.is_ascii_digit()).ok_or_else(|| wrong(part, FORM))?;
    let (amount, unit) = value.split_at(split);
    let amount = amount.parse().map_err(|_| wrong(part, FORM))?;
    match unit {
        "us" => Ok(Duration::from_micros(amount)),
        "ms" => Ok(Duration::from_millis(amount)),
        "s" => Ok(Duration::from_secs(amount)),
        _ => Err(wrong(part, FORM)),
    }
}

fn wrong(part: &str, expected: &'static str) -> PlanError {
    PlanError { part: part.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_the_readme_reads() {
        let plan: Plan = "ttft=50ms,gap=10ms,tokens=32,fault=reset_mid_event:5".parse().unwrap();
        let expected = Plan {
            ttft: Duration::from_millis(50),
            gap: Duration::from_millis(10),
            tokens: 32,
            fault: Some(Fault::ResetMidEvent { after_events: 5 }),
            ..Plan::default()
        };
        assert_eq!(plan, expected);
    }

    #[test]
    fn sound_and_codings_read() {
        let plan: Plan = "seconds=12,coding=br".parse().unwrap();
        let coding = Some(Coding::Brotli);
        assert_eq!(plan, Plan { audio_seconds: Some(12), coding, ..Plan::default() });
    }

    #[test]
    fn faults_with_several_arguments_read() {
        let error = |shape, then_done| Fault::InBandError { after_events: 2, shape, then_done };
        assert_eq!("in_band_error:2".parse(), Ok(error(ErrorShape::Nested, false)));
        assert_eq!("in_band_error:2:flat:done".parse(), Ok(error(ErrorShape::Flat, true)));
        let refusal = Fault::RefuseStatus { code: 503, body: BodyFlavour::Html };
        assert_eq!("status:503:html".parse(), Ok(refusal));
        assert_eq!("slow_head:2s".parse(), Ok(Fault::SlowHead(Duration::from_secs(2))));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for bad in [
            "tokens=many",
            "ttft=50",
            "speed=9",
            "coding=rar",
            "fault=stall",
            "fault=status:200",
            "x",
        ] {
            let error = bad.parse::<Plan>().unwrap_err().to_string();
            let part = bad.trim_start_matches("fault=");
            assert!(error.contains(part) && error.contains("expected"), "{bad}: {error}");
        }
    }
}
