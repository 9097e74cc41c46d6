//! The pieces of work that are counted.

use std::time::Duration;

use crate::cells::{Pace, Work};

/// Between two events of a paced stream: under callgrind a proxy is some fifty times slower, and still keeps up.
const INTERVAL: Duration = Duration::from_millis(25);
/// Events of a stream that is to warm up.
const WARM_UP: u32 = 8;

/// Something that is done often, so that it can be counted what one of them takes.
pub(super) struct Piece {
    pub(super) name: &'static str,
    pub(super) task: Task,
    /// What is done as well and does not belong to it.
    pub(super) without: Option<Task>,
}

/// What is asked of the proxy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) work: Work,
    /// Requests of it, one after the other.
    pub(super) times: u32,
}

/// All of them. An event of a burst has its share in the request; that of a paced stream has not: the short stream's
/// request is taken off that of the long one.
pub(super) const ALL: [Piece; 7] = [
    request("request-1k", 1 << 10, 200),
    request("request-16k", 16 << 10, 100),
    request("request-256k", 256 << 10, 40),
    request("request-2m", 2 << 20, 10),
    Piece {
        name: "event-paced",
        task: stream(120, INTERVAL, 1),
        without: Some(stream(40, INTERVAL, 1)),
    },
    Piece { name: "event-burst-128", task: stream(128, Duration::ZERO, 30), without: None },
    Piece { name: "event-burst-2048", task: stream(2048, Duration::ZERO, 4), without: None },
];

const fn request(name: &'static str, body: usize, times: u32) -> Piece {
    let work = Work::Json { body, pace: Pace::Saturated { connections: 1 } };
    Piece { name, task: Task { work, times }, without: None }
}

const fn stream(events: u32, interval: Duration, times: u32) -> Task {
    Task { work: Work::Streams { streams: 1, interval, events: Some(events) }, times }
}

impl Piece {
    /// How many of it are done.
    pub(super) fn count(&self) -> u32 {
        self.task.count() - self.without.map_or(0, |task| task.count())
    }
}

impl Task {
    /// One request of the same kind; a stream of few events.
    pub(super) fn short(&self) -> Self {
        let work = match self.work {
            Work::Streams { streams, interval, .. } => {
                Work::Streams { streams, interval, events: Some(WARM_UP) }
            }
            whole @ Work::Json { .. } => whole,
        };
        Self { work, times: 1 }
    }

    /// Events that an answer has.
    pub(super) fn events(&self) -> u32 {
        match self.work {
            Work::Streams { events: Some(events), .. } => events,
            _ => 0,
        }
    }

    /// Whether events that were to come one by one did, but for a few, when the answer came in so many reads.
    pub(super) fn came_one_by_one(&self, reads: u32) -> bool {
        let is_paced = matches!(self.work, Work::Streams { interval, .. } if !interval.is_zero());
        !is_paced || f64::from(reads) >= 0.98 * f64::from(self.events())
    }

    /// Events, or requests if it has none.
    fn count(&self) -> u32 {
        self.times * self.events().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_come_together_are_seen() {
        let paced = stream(100, INTERVAL, 1);
        assert!(paced.came_one_by_one(99) && !paced.came_one_by_one(97));
        assert!(stream(100, Duration::ZERO, 1).came_one_by_one(1));
    }

    #[test]
    fn what_is_taken_off_is_not_counted() {
        let counts = ALL.iter().map(|piece| (piece.name, piece.count()));
        let counts: Vec<_> = counts.filter(|(name, _)| name.starts_with("event")).collect();
        assert_eq!(
            counts,
            [("event-paced", 80), ("event-burst-128", 3_840), ("event-burst-2048", 8_192)]
        );
    }
}
