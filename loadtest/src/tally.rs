//! From requests that have ended to the figures of a report. Pure.

mod histogram;

use std::collections::BTreeMap;
use std::time::Duration;

use weir_wire::{Outcome, OutcomeKind, Source, Status};

use self::histogram::Histogram;
use crate::client::Sample;
use crate::report::{Figures, Goodput, TokenSum};
use crate::scenario::Slo;

/// A group of requests that is added up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    sent: u64,
    ended: u64,
    succeeded: u64,
    cut: u64,
    not_sent: u64,
    outcomes: BTreeMap<&'static str, u64>,
    input: Tokens,
    output: Tokens,
    events: u64,
    good: u64,
    empty: u64,
    latencies: BTreeMap<&'static str, Histogram>,
}

/// Tokens of several requests; `None` until one has said.
#[derive(Clone, Copy, Debug, Default)]
struct Tokens {
    total: Option<u64>,
    estimated: u64,
}

impl Tokens {
    fn add(&mut self, tokens: Option<weir_wire::Tokens>) {
        let Some(tokens) = tokens else { return };
        self.total = Some(self.total.unwrap_or(0) + tokens.count);
        if tokens.source == Source::Estimated {
            self.estimated += tokens.count;
        }
    }

    fn sum(self, seconds: f64) -> Option<TokenSum> {
        let Self { total, estimated } = self;
        total.map(|total| TokenSum { total, per_second: per(total, seconds), estimated })
    }
}

/// How long after its moment a request of an open loop was begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lag(pub(crate) Duration);

impl Tally {
    /// A request was sent.
    pub(crate) fn send(&mut self) {
        self.sent += 1;
    }

    /// One would have been sent, had not too many been under way.
    pub(crate) fn leave_out(&mut self) {
        self.not_sent += 1;
    }

    /// A request has ended. `lag`: how long after its moment it was begun, if it had one.
    pub(crate) fn add(&mut self, sample: &Sample, lag: Option<Lag>, slo: &Slo) {
        if sample.cut {
            self.cut += 1;
            return;
        }
        let outcome = &sample.outcome;
        self.ended += 1;
        *self.outcomes.entry(outcome.kind.as_str()).or_default() += 1;
        self.input.add(outcome.tokens.input);
        self.output.add(outcome.tokens.output);
        self.events += outcome.content_events;
        self.good += u64::from(is_good(sample, slo));
        if let Some(Lag(lag)) = lag {
            self.observe("schedule_lag", Some(lag));
        }
        if outcome.kind.status() == Status::Success {
            self.succeeded += 1;
            self.empty += u64::from(is_empty(outcome));
            self.latencies(sample, lag);
        }
    }

    fn latencies(&mut self, sample: &Sample, lag: Option<Lag>) {
        let outcome = &sample.outcome;
        self.observe("time_to_first_token", outcome.time_to_first_token);
        self.observe("time_to_first_answer_token", outcome.time_to_first_answer_token);
        self.observe("time_per_output_token", outcome.time_per_output_token);
        self.observe("time_to_first_byte", outcome.time_to_first_byte);
        self.observe("duration", Some(outcome.duration));
        for gap in &sample.gaps {
            self.observe("inter_token_latency", Some(*gap));
        }
        if let Some(Lag(lag)) = lag {
            let first = outcome.overhead.zip(outcome.time_to_first_token);
            self.observe("scheduled_to_first_token", first.map(|(sent, first)| lag + sent + first));
            self.observe("scheduled_to_end", Some(lag + outcome.duration));
        }
    }

    fn observe(&mut self, name: &'static str, time: Option<Duration>) {
        if let Some(time) = time {
            self.latencies.entry(name).or_default().add(time);
        }
    }

    /// The figures, if all this took so long.
    pub(crate) fn figures(&self, seconds: f64, slo: &Slo) -> Figures {
        Figures {
            seconds,
            sent: self.sent,
            ended: self.ended,
            cut: self.cut,
            not_sent: self.not_sent,
            outcomes: self
                .outcomes
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect(),
            success_rate: share(self.succeeded, self.ended),
            requests_per_second: per(self.ended, seconds),
            successes_per_second: per(self.succeeded, seconds),
            input_tokens: self.input.sum(seconds),
            output_tokens: self.output.sum(seconds),
            events: self.events,
            goodput: slo.is_set().then(|| Goodput {
                slo: slo.clone(),
                requests: self.good,
                per_second: per(self.good, seconds),
                share: share(self.good, self.ended).unwrap_or(0.0),
            }),
            latencies: self
                .latencies
                .iter()
                .map(|(name, histogram)| ((*name).to_owned(), histogram.latency()))
                .collect(),
        }
    }

    pub(crate) fn succeeded(&self) -> u64 {
        self.succeeded
    }

    /// Successes that said nothing at all.
    pub(crate) fn empty(&self) -> u64 {
        self.empty
    }

    pub(crate) fn ended(&self) -> u64 {
        self.ended
    }

    pub(crate) fn cut(&self) -> u64 {
        self.cut
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Sent, or left out.
    pub(crate) fn wanted(&self) -> u64 {
        self.sent + self.not_sent
    }

    pub(crate) fn output_tokens(&self) -> u64 {
        self.output.total.unwrap_or(0)
    }
}

impl Slo {
    /// Whether it says what is good enough.
    pub(crate) fn is_set(&self) -> bool {
        let Self {
            time_to_first_token,
            time_per_output_token,
            inter_token_latency,
            duration,
            share,
        } = self;
        let times = [time_to_first_token, time_per_output_token, inter_token_latency, duration];
        share.is_some() || times.iter().any(|time| time.is_some())
    }
}

/// Whether the request succeeded and kept every limit. A time that it does not have (not streamed, one token) keeps its
/// limit.
pub(crate) fn is_good(sample: &Sample, slo: &Slo) -> bool {
    let outcome = &sample.outcome;
    let keeps = |time: Option<Duration>, limit: Option<weir_daemon::config::Span>| {
        limit.is_none_or(|limit| time.is_none_or(|time| time <= limit.duration()))
    };
    let succeeded =
        matches!(outcome.kind, OutcomeKind::Success | OutcomeKind::ClientClosedAfterFinish);
    succeeded
        && !sample.cut
        && keeps(outcome.time_to_first_token, slo.time_to_first_token)
        && keeps(outcome.time_per_output_token, slo.time_per_output_token)
        && keeps(sample.gaps.iter().max().copied(), slo.inter_token_latency)
        && keeps(Some(outcome.duration), slo.duration)
}

/// Neither content nor usage nor a reason why it ended: hardly an answer of the API that was asked.
fn is_empty(outcome: &Outcome) -> bool {
    outcome.content_events == 0
        && outcome.tokens.output.is_none()
        && outcome.finish_reason.is_none()
}

fn per(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests;
