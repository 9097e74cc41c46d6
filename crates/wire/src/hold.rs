//! Takes single events out of a stream whose bytes are cut anywhere.

use crate::Forward;

/// Holds the bytes of an incomplete event back, so that it can still be dropped whole. A client
/// can't do anything with an incomplete event, so it does not wait for anything.
#[derive(Debug)]
pub(crate) struct Hold {
    limit: usize,
    bytes: Vec<u8>,
    /// The incomplete event was too large to hold: its beginning has been passed on.
    released: bool,
    /// The last event was dropped: a line feed that still belongs to it goes too.
    dropped: bool,
    /// Events that end in the piece at hand; of several that pass, the last.
    ended: Vec<Ended>,
}

/// An event that ends at an offset of the piece at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) at: usize,
    pub(crate) drop: bool,
    /// It is only the line feed of the event before.
    pub(crate) line_feed: bool,
}

impl Ended {
    /// Whether it is a whole event that is passed on.
    fn passes(self) -> bool {
        !self.drop && !self.line_feed
    }
}

impl Hold {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, bytes: Vec::new(), released: false, dropped: false, ended: Vec::new() }
    }

    /// Whether a piece of whole events that pass would pass as it is.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.bytes.is_empty() && !self.released && !self.dropped
    }

    /// An event ends in the piece at hand.
    pub(crate) fn ended(&mut self, event: Ended) {
        match self.ended.last_mut() {
            Some(last) if last.passes() && event.passes() => *last = event,
            _ => self.ended.push(event),
        }
    }

    /// Tells what to pass on of the piece, now that all events that end in it are known.
    pub(crate) fn pass(&mut self, piece: &[u8]) -> Forward {
        // Its memory goes: the events of most pieces are skimmed, and none of them is told.
        let ended = std::mem::take(&mut self.ended);
        let is_whole = matches!(ended[..], [event] if event.passes() && event.at == piece.len());
        if is_whole && self.bytes.is_empty() {
            self.released = false;
            self.dropped = false;
            return Forward::Unchanged;
        }
        let mut out = Vec::with_capacity(self.bytes.len() + piece.len());
        let mut start = 0;
        for event in ended {
            let drop = if event.line_feed { self.dropped } else { event.drop && !self.released };
            if drop {
                self.bytes.clear();
            } else {
                out.append(&mut self.bytes);
                out.extend_from_slice(&piece[start..event.at]);
            }
            self.released = false;
            self.dropped = drop && !event.line_feed;
            start = event.at;
        }
        self.hold(&piece[start..], &mut out);
        if out == piece { Forward::Unchanged } else { Forward::Replaced(out) }
    }

    fn hold(&mut self, rest: &[u8], out: &mut Vec<u8>) {
        if rest.is_empty() {
            return;
        }
        self.dropped = false;
        self.bytes.extend_from_slice(rest);
        if self.released || self.bytes.len() > self.limit {
            self.released = true;
            out.append(&mut self.bytes);
        }
    }

    /// What is held: it will not be completed.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(at: usize, drop: bool) -> Ended {
        Ended { at, drop, line_feed: false }
    }

    fn pass(hold: &mut Hold, piece: &[u8], ended: &[Ended]) -> Forward {
        ended.iter().for_each(|event| hold.ended(*event));
        hold.pass(piece)
    }

    #[test]
    fn whole_events_pass_without_a_copy() {
        let mut hold = Hold::new(16);
        assert_eq!(
            pass(&mut hold, b"a\n\nb\n\n", &[end(3, false), end(6, false)]),
            Forward::Unchanged
        );
    }

    #[test]
    fn an_event_is_dropped_with_what_was_held_of_it() {
        let mut hold = Hold::new(16);
        assert_eq!(
            pass(&mut hold, b"a\n\nus", &[end(3, false)]),
            Forward::Replaced(b"a\n\n".into())
        );
        let forward = pass(&mut hold, b"e\n\nb\n\n", &[end(3, true), end(6, false)]);
        assert_eq!(forward, Forward::Replaced(b"b\n\n".into()));
    }

    #[test]
    fn an_event_over_the_limit_is_released_and_kept() {
        let mut hold = Hold::new(4);
        assert_eq!(pass(&mut hold, b"abc", &[]), Forward::Replaced(vec![]));
        assert_eq!(pass(&mut hold, b"def", &[]), Forward::Replaced(b"abcdef".into()));
        assert_eq!(pass(&mut hold, b"g", &[]), Forward::Unchanged);
        assert_eq!(pass(&mut hold, b"\n\n", &[end(2, true)]), Forward::Unchanged);
    }

    #[test]
    fn the_line_feed_of_a_dropped_event_goes_with_it() {
        let feed = Ended { at: 1, drop: false, line_feed: true };
        let mut hold = Hold::new(16);
        assert_eq!(pass(&mut hold, b"u\r\r", &[end(3, true)]), Forward::Replaced(vec![]));
        assert_eq!(pass(&mut hold, b"\n", &[feed]), Forward::Replaced(vec![]));
        assert_eq!(pass(&mut hold, b"u\r\r", &[end(3, false)]), Forward::Unchanged);
        assert_eq!(pass(&mut hold, b"\n", &[feed]), Forward::Unchanged);
    }
}
