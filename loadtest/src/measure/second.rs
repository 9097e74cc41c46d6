//! The run second by second.

use std::time::Duration;

use weir_wire::Status;

use crate::client::{Live, Sample};
use crate::report::Second;
use crate::tally::Tally;

/// So many gaps of one second are looked at for its percentiles.
const MOST_GAPS: usize = 20_000;
/// So many seconds are kept; of a longer run, longer ones.
const MOST_SECONDS: usize = 3_600;

/// The seconds so far.
pub(super) struct Seconds {
    all: Vec<Second>,
    /// So many seconds make one of `all`.
    each: usize,
    /// Seconds that the last one of `all` is made of.
    in_last: usize,
    before: Totals,
    first_tokens: Vec<f64>,
    gaps: Vec<f64>,
}

/// What had been counted when the last second ended.
#[derive(Clone, Copy, Default)]
struct Totals {
    sent: u64,
    succeeded: u64,
    ended: u64,
    events: u64,
    output_tokens: u64,
}

impl Seconds {
    pub(super) fn new() -> Self {
        Self {
            all: Vec::new(),
            each: 1,
            in_last: 0,
            before: Totals::default(),
            first_tokens: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// The first one begins; what came before (the warm-up) is in none.
    pub(super) fn begin(&mut self, live: &Live) {
        self.before = Totals { events: live.events(), ..Totals::default() };
    }

    /// A request has ended in this second.
    pub(super) fn add(&mut self, sample: &Sample) {
        if sample.outcome.kind.status() != Status::Success {
            return;
        }
        self.first_tokens.extend(sample.outcome.time_to_first_token.map(|time| time.as_secs_f64()));
        let room = MOST_GAPS.saturating_sub(self.gaps.len());
        self.gaps.extend(sample.gaps.iter().take(room).map(Duration::as_secs_f64));
    }

    /// The second ends.
    pub(super) fn end(&mut self, at: Duration, tally: &Tally, live: &Live) {
        let now = Totals {
            sent: tally.sent(),
            succeeded: tally.succeeded(),
            ended: tally.ended(),
            events: live.events(),
            output_tokens: tally.output_tokens(),
        };
        let before = std::mem::replace(&mut self.before, now);
        let failed = |totals: Totals| totals.ended - totals.succeeded;
        self.push(Second {
            at: at.as_secs_f64(),
            sent: now.sent - before.sent,
            succeeded: now.succeeded - before.succeeded,
            failed: failed(now) - failed(before),
            active: live.active(),
            events: now.events - before.events,
            output_tokens: now.output_tokens - before.output_tokens,
            ..Second::default()
        });
    }

    fn push(&mut self, second: Second) {
        if self.in_last == self.each || self.all.is_empty() {
            if self.all.len() == MOST_SECONDS {
                self.halve();
            }
            self.all.push(second);
            self.in_last = 1;
        } else if let Some(last) = self.all.last_mut() {
            merge(last, second);
            self.in_last += 1;
        }
        if self.in_last == self.each
            && let Some(last) = self.all.last_mut()
        {
            let mut first_tokens = std::mem::take(&mut self.first_tokens);
            let mut gaps = std::mem::take(&mut self.gaps);
            first_tokens.sort_by(f64::total_cmp);
            gaps.sort_by(f64::total_cmp);
            last.time_to_first_token_p50 = quantile(&first_tokens, 0.5);
            last.time_to_first_token_p95 = quantile(&first_tokens, 0.95);
            last.inter_token_latency_p50 = quantile(&gaps, 0.5);
            last.inter_token_latency_p95 = quantile(&gaps, 0.95);
        }
    }

    /// Makes one of two: the run is long.
    fn halve(&mut self) {
        let mut halved = Vec::with_capacity(MOST_SECONDS / 2);
        for pair in self.all.chunks(2) {
            let mut pair = pair.iter().cloned();
            let Some(mut merged) = pair.next() else { continue };
            for second in pair {
                merge(&mut merged, second);
            }
            halved.push(merged);
        }
        self.all = halved;
        self.each *= 2;
    }

    pub(super) fn all(&self) -> &[Second] {
        &self.all
    }

    pub(super) fn into_all(self) -> Vec<Second> {
        self.all
    }
}

/// Adds a second to the one before it. Percentiles are those of the later one: there is no exact way.
fn merge(into: &mut Second, later: Second) {
    *into = Second {
        sent: into.sent + later.sent,
        succeeded: into.succeeded + later.succeeded,
        failed: into.failed + later.failed,
        events: into.events + later.events,
        output_tokens: into.output_tokens + later.output_tokens,
        ..later
    };
}

/// Nearest rank.
fn quantile(sorted: &[f64], quantile: f64) -> Option<f64> {
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_has_longer_seconds_and_loses_nothing() {
        let mut seconds = Seconds::new();
        let length = MOST_SECONDS * 3;
        for at in 1..=length {
            seconds.push(Second { at: at as f64, sent: 1, active: at as u64, ..Second::default() });
        }
        assert!(seconds.all().len() <= MOST_SECONDS);
        assert_eq!(seconds.all().iter().map(|second| second.sent).sum::<u64>(), length as u64);
        let last = seconds.into_all().pop().unwrap();
        assert_eq!((last.at, last.active), (length as f64, length as u64));
    }

    #[test]
    fn quantiles_are_values_that_came() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[7.0], 0.95), Some(7.0));
        let sorted: Vec<_> = (1..=100).map(f64::from).collect();
        assert_eq!((quantile(&sorted, 0.5), quantile(&sorted, 0.95)), (Some(50.0), Some(95.0)));
    }
}
