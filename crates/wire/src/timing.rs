//! When generated content came: first token, gaps, what is new since the caller last asked.

use std::time::Duration;

use crate::dialect::Content;

/// Content events closer than this share one instant: they came in one read of the socket, or in
/// two that the scheduler put apart. A gap of 0 would say more about TCP than about the model.
pub const COALESCE: Duration = Duration::from_micros(200);

/// Gaps that are kept for a caller who takes none; more are counted as discarded.
const MOST_GAPS: usize = 4096;

/// What happened in a stream since the caller last asked. Over a whole stream that had a first token,
/// `events = 1 + gaps + coalesced + discarded`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Events that carried generated content.
    pub events: u64,
    /// Those among them that share their instant with the one before.
    pub coalesced: u64,
    /// Those among them whose gap was left out: the client could not take bytes, or the caller took no
    /// gaps for so long that no more are kept.
    pub discarded: u64,
    /// Inter-token latencies: time between instants.
    pub gaps: Vec<Duration>,
}

impl Progress {
    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.events == 0
    }

    fn clear(&mut self) {
        self.events = 0;
        self.coalesced = 0;
        self.discarded = 0;
        self.gaps.clear();
    }
}

/// The times of one answer. All instants count from the same origin.
#[derive(Debug, Default)]
pub(crate) struct Timing {
    first: Option<Duration>,
    first_answer: Option<Duration>,
    saw_reasoning: bool,
    last: Duration,
    /// The instant that coalescing events share.
    anchor: Duration,
    several_instants: bool,
    stalled: bool,
    events: u64,
    batch: Progress,
}

impl Timing {
    /// An event with this content, if any, came at `now`.
    pub(crate) fn content(&mut self, now: Duration, content: Content) {
        if !content.is_some() {
            return;
        }
        self.events += 1;
        self.batch.events += 1;
        self.saw_reasoning |= content.reasoning;
        if content.answer && self.first_answer.is_none() {
            self.first_answer = Some(now);
        }
        self.last = now;
        if self.first.is_some() {
            self.gap(now);
        } else {
            self.first = Some(now);
            self.anchor = now;
            // No gap was open yet.
            self.stalled = false;
        }
    }

    fn gap(&mut self, now: Duration) {
        let gap = now.saturating_sub(self.anchor);
        if gap < COALESCE {
            self.batch.coalesced += 1;
            return;
        }
        self.anchor = now;
        self.several_instants = true;
        let gaps = &mut self.batch.gaps;
        if std::mem::take(&mut self.stalled) || gaps.len() >= MOST_GAPS {
            self.batch.discarded += 1;
        } else if gaps.len() < gaps.capacity() {
            gaps.push(gap);
        } else {
            self.push_first(gap);
        }
    }

    /// Adds a gap for which there is no room yet. Apart from the others, so that those stay cheap.
    #[cold]
    #[inline(never)]
    fn push_first(&mut self, gap: Duration) {
        self.batch.gaps.push(gap);
    }

    /// The client could not take bytes: the gap that ends next is not the model's.
    pub(crate) fn client_stalled(&mut self) {
        self.stalled = true;
    }

    pub(crate) fn first(&self) -> Option<Duration> {
        self.first
    }

    /// First content that is not reasoning, for answers that have reasoning.
    pub(crate) fn first_answer(&self) -> Option<Duration> {
        self.first_answer.filter(|_| self.saw_reasoning)
    }

    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// First → last content event, where they are at different instants.
    pub(crate) fn generation(&self) -> Option<Duration> {
        let first = self.first?;
        self.several_instants.then(|| self.last.saturating_sub(first))
    }

    /// Hands the batch over and begins the next one; its memory is kept.
    pub(crate) fn take_batch(&mut self, take: impl FnOnce(&Progress)) {
        if !self.batch.is_empty() {
            take(&self.batch);
            self.batch.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: Content = Content { reasoning: false, answer: true };
    const REASONING: Content = Content { reasoning: true, answer: false };

    fn us(n: u64) -> Duration {
        Duration::from_micros(n)
    }

    #[test]
    fn close_events_share_the_instant_of_the_first() {
        let mut timing = Timing::default();
        for at in [1_000, 1_150, 1_300, 9_000, 9_000] {
            timing.content(us(at), ANSWER);
        }
        timing.take_batch(|batch| {
            assert_eq!(batch.events, 5);
            assert_eq!(batch.coalesced, 2, "1150 and the second 9000");
            assert_eq!(batch.gaps, [us(300), us(7_700)]);
        });
        assert_eq!(timing.generation(), Some(us(8_000)));
    }

    #[test]
    fn one_instant_has_no_generation_time() {
        let mut timing = Timing::default();
        timing.content(us(5), ANSWER);
        timing.content(us(6), ANSWER);
        assert_eq!(timing.generation(), None);
    }

    #[test]
    fn a_stall_discards_exactly_the_gap_that_it_touches() {
        let mut timing = Timing::default();
        timing.content(us(0), ANSWER);
        timing.client_stalled();
        timing.content(us(500_000), ANSWER);
        timing.content(us(510_000), ANSWER);
        timing.take_batch(|batch| {
            assert_eq!(batch.discarded, 1);
            assert_eq!(batch.gaps, [us(10_000)]);
        });
    }

    #[test]
    fn the_answer_time_needs_reasoning_before_it() {
        let mut plain = Timing::default();
        plain.content(us(1), ANSWER);
        assert_eq!(plain.first_answer(), None);
        let mut thinking = Timing::default();
        thinking.content(us(1), REASONING);
        thinking.content(us(900), ANSWER);
        assert_eq!(thinking.first(), Some(us(1)));
        assert_eq!(thinking.first_answer(), Some(us(900)));
    }

    #[test]
    fn a_caller_who_takes_nothing_makes_nothing_grow() {
        let mut timing = Timing::default();
        for n in 0..10_000 {
            timing.content(us(n * 1_000), ANSWER);
        }
        timing.take_batch(|batch| {
            assert_eq!((batch.gaps.len(), batch.discarded), (4096, 5903));
        });
    }
}
