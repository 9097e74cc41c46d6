//! A stream of events on its way: skimmed or read, and passed on.

use std::time::Duration;

use super::reading::Told;
use super::{Body, ResponseSide};
use crate::guard::guarded;
use crate::hold::{Ended, Hold};
use crate::skim::Skim;
use crate::sse::{Decoder, Frame};
use crate::timing::Timing;
use crate::trap::Trap;
use crate::{Degraded, Forward};

/// What reads a stream of events.
#[derive(Debug)]
pub(super) struct Events {
    decoder: Decoder,
    skim: Skim,
    hold: Option<Hold>,
}

impl Events {
    pub(super) fn new(limit: usize, skim: Skim, hold: Option<Hold>) -> Self {
        Self { decoder: Decoder::new(limit), skim, hold }
    }

    /// Bytes that were held back.
    pub(super) fn take_held(&mut self) -> Vec<u8> {
        self.hold.as_mut().map_or_else(Vec::new, Hold::take)
    }

    /// How many events were like an earlier one.
    pub(super) fn skimmed(&self) -> u64 {
        self.skim.met()
    }

    /// Takes down the events from an offset of the piece on that are like earlier ones; tells where
    /// they end.
    #[inline(always)]
    fn skim(
        &mut self,
        now: Duration,
        piece: &[u8],
        start: usize,
        (timing, trap): (&mut Timing, Trap),
    ) -> usize {
        let mut at = start;
        if !self.decoder.is_between_frames() {
            return at;
        }
        while at < piece.len()
            && let Some((length, content)) = self.skim.meet(&piece[at..])
            && length <= self.decoder.limit()
        {
            trap.step_on(&piece[at..at + length]);
            timing.content(now, content);
            at += length;
        }
        at
    }

    /// The events between two offsets of the piece pass as they are.
    fn passed(&mut self, start: usize, end: usize) {
        if let Some(hold) = &mut self.hold
            && end > start
        {
            hold.ended(Ended { at: end, drop: false, line_feed: false });
        }
    }
}

impl ResponseSide {
    /// Reads a piece.
    pub(super) fn push_events(&mut self, now: Duration, piece: &[u8], drop_usage: bool) -> Forward {
        let Body::Events(events) = &mut self.body else { return Forward::Unchanged };
        let skimmed = guarded(|| events.skim(now, piece, 0, (&mut self.timing, self.trap)));
        let holds_nothing = events.hold.as_ref().is_none_or(Hold::is_at_rest);
        if skimmed == Some(piece.len()) && holds_nothing {
            return Forward::Unchanged;
        }
        self.read_events(now, piece, skimmed, drop_usage)
    }

    /// Reads a piece whose beginning has been skimmed, if the meter has not failed.
    #[inline(never)]
    fn read_events(
        &mut self,
        now: Duration,
        piece: &[u8],
        skimmed: Option<usize>,
        drop_usage: bool,
    ) -> Forward {
        // Taken out while its events are read, so that a meter that fails leaves nothing half done.
        let Body::Events(mut events) = std::mem::replace(&mut self.body, Body::Unread) else {
            return Forward::Unchanged;
        };
        let read = guarded(|| {
            let mut at = skimmed?;
            events.passed(0, at);
            while at < piece.len() {
                let start = self.read_on(&mut events, now, piece, at, drop_usage);
                at = events.skim(now, piece, start, (&mut self.timing, self.trap));
                events.passed(start, at);
            }
            Some(())
        });
        if read.flatten().is_none() {
            self.fail();
            let mut out = events.take_held();
            if out.is_empty() {
                return Forward::Unchanged;
            }
            out.extend_from_slice(piece);
            return Forward::Replaced(out);
        }
        let forward = events.hold.as_mut().map_or(Forward::Unchanged, |hold| hold.pass(piece));
        self.body = Body::Events(events);
        forward
    }

    /// Reads the event that begins or goes on at an offset; tells where it ends, or the piece.
    fn read_on(
        &mut self,
        events: &mut Events,
        now: Duration,
        piece: &[u8],
        at: usize,
        drop_usage: bool,
    ) -> usize {
        let Events { decoder, skim, hold } = events;
        decoder.next_frame(piece, at, |at, bytes, frame| {
            let line_feed = frame == Frame::LineFeed;
            let only_usage = self.read_whole_frame(now, bytes, frame, skim);
            if let Some(hold) = hold {
                hold.ended(Ended { at, drop: only_usage && drop_usage, line_feed });
            }
        })
    }

    /// Reads a frame that came whole; returns whether it is the usage event that the client did not
    /// ask for.
    fn read_whole_frame(
        &mut self,
        now: Duration,
        bytes: &[u8],
        frame: Frame<'_>,
        skim: &mut Skim,
    ) -> bool {
        // One that came in several pieces may be like earlier ones too.
        if let Some((length, content)) = skim.meet(bytes)
            && length == bytes.len()
        {
            self.trap.step_on(bytes);
            self.timing.content(now, content);
            return false;
        }
        let told = self.read_frame(now, &frame).unwrap_or_else(|reason| {
            self.degrade(reason);
            Told::default()
        });
        if let (Some(content), Some(dialect), Frame::Event { data, .. }) =
            (told.repeats, self.dialect, frame)
        {
            skim.learn(bytes, data, dialect.open_members(), content);
        }
        told.only_usage
    }

    /// The stream has ended. Returns bytes that were held back.
    pub(super) fn end_events(&mut self, events: &mut Events, drop_usage: bool) -> Vec<u8> {
        let now = self.last_byte;
        let mut drop = false;
        let read = guarded(|| {
            events.decoder.finish(|frame| match self.read_frame(now, &frame) {
                Ok(told) => drop = told.only_usage && drop_usage,
                // It was cut off: that is no fault of its JSON.
                Err(Degraded::InvalidJson) => {}
                Err(reason) => self.degrade(reason),
            });
        });
        if read.is_none() {
            self.fail();
        }
        if drop { Vec::new() } else { events.take_held() }
    }
}
