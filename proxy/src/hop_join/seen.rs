//! What was seen of a request at one hop.

use std::time::{Duration, Instant};

use weir_wire::{Outcome, Progress, Status};

/// A request that has ended at one hop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// Its head had been read.
    pub(crate) began: Instant,
    /// Its last byte was handed on.
    pub(crate) sent: Option<Instant>,
    /// The first event with generated content came. Streamed answers only.
    pub(crate) first_token: Option<Instant>,
    pub(crate) ended: Instant,
    /// Whether it was answered, and the answer ended as it should.
    pub(crate) went_well: bool,
    /// Whether its client could not take bytes for a while.
    pub(crate) stalled: bool,
    pub(crate) stream: Stream,
}

impl Seen {
    /// One whose head had been read at `began`.
    pub(crate) fn of(began: Instant, outcome: &Outcome, stream: Stream) -> Self {
        let since = |time: Option<Duration>| began.checked_add(time?);
        let sent = outcome.overhead.map(|time| time + outcome.connect.unwrap_or_default());
        let first_token = sent.zip(outcome.time_to_first_token).map(|(sent, time)| sent + time);
        let is_2xx = outcome.http_status.is_some_and(|code| (200..300).contains(&code));
        Self {
            began,
            sent: since(sent),
            first_token: since(first_token),
            ended: since(Some(outcome.duration)).unwrap_or(began),
            went_well: is_2xx && outcome.kind.status() == Status::Success,
            stalled: !outcome.client_stall.is_zero(),
            stream,
        }
    }
}

/// The events of an answer that carry generated content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) events: u64,
    /// Those that share their instant with the one before.
    pub(crate) coalesced: u64,
    /// Those whose gap was left out.
    pub(crate) discarded: u64,
    /// All other gaps together.
    pub(crate) gaps: Duration,
}

impl Stream {
    /// More of them came.
    pub(crate) fn add(&mut self, batch: &Progress) {
        self.events += batch.events;
        self.coalesced += batch.coalesced;
        self.discarded += batch.discarded;
        self.gaps = batch.gaps.iter().fold(self.gaps, |sum, gap| sum.saturating_add(*gap));
    }

    /// At how many moments events came.
    pub(crate) fn instants(&self) -> u64 {
        self.events.saturating_sub(self.coalesced)
    }
}
