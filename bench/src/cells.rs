//! The pieces of work that every contender is given.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::words::{grouped, size};

/// A piece of work, at its load point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Work {
    /// Requests with a JSON body of so many bytes, answered whole with 1 KiB.
    Json { body: usize, pace: Pace },
    /// Streams of chat completion events that are open at a time.
    Streams {
        streams: usize,
        /// Between two events of a stream.
        interval: Duration,
        /// Events of a stream, after which a new one begins on the same connection; `None`: it does not end.
        events: Option<u32>,
    },
}

/// How requests follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "pace", rename_all = "snake_case")]
pub(crate) enum Pace {
    /// Each connection sends its next request when it has its answer.
    Saturated { connections: usize },
    /// So many a second, at equal distances, whatever becomes of them; a latency counts from when it was due.
    Rate { per_second: u32, connections: usize },
}

/// A piece of work and how it is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// Such as `json-1k-saturated`, `paced-5ms-20`.
    pub(crate) name: String,
    pub(crate) work: Work,
    /// How long is measured, once the load is under way.
    pub(crate) length: Duration,
    /// Rounds that are to be good.
    pub(crate) rounds: u32,
    /// Whether contenders are started afresh for it, and their memory is read.
    pub(crate) memory: bool,
}

pub(crate) const JSON_1K_SATURATED: &str = "json-1k-saturated";
pub(crate) const JSON_16K_SATURATED: &str = "json-16k-saturated";
pub(crate) const JSON_256K_SATURATED: &str = "json-256k-saturated";
pub(crate) const JSON_2M_SATURATED: &str = "json-2m-saturated";
pub(crate) const JSON_1K_RATE: &str = "json-1k-rate";
pub(crate) const JSON_16K_RATE: &str = "json-16k-rate";
pub(crate) const JSON_256K_RATE: &str = "json-256k-rate";
pub(crate) const JSON_2M_RATE: &str = "json-2m-rate";
pub(crate) const PACED_1: &str = "paced-5ms-1";
pub(crate) const PACED_20: &str = "paced-5ms-20";
pub(crate) const PACED_100: &str = "paced-5ms-100";
pub(crate) const STREAMS_1000: &str = "streams-1000";
pub(crate) const STREAMS_5000: &str = "streams-5000";

/// All of them.
pub(crate) fn full() -> Vec<Cell> {
    vec![
        saturated(JSON_1K_SATURATED, 1 << 10, 16).measured(2_000, 7),
        saturated(JSON_16K_SATURATED, 16 << 10, 16).measured(2_000, 5),
        saturated(JSON_256K_SATURATED, 256 << 10, 16).measured(2_000, 5),
        saturated(JSON_2M_SATURATED, 2 << 20, 4).measured(2_000, 5),
        // What each of them can serve on one core.
        rate(JSON_1K_RATE, 1 << 10, 2_000).measured(2_000, 5),
        rate(JSON_16K_RATE, 16 << 10, 1_000).measured(2_000, 5),
        rate(JSON_256K_RATE, 256 << 10, 150).measured(2_000, 5),
        rate(JSON_2M_RATE, 2 << 20, 20).measured(3_000, 5),
        paced(PACED_1, 1).measured(2_500, 5),
        paced(PACED_20, 20).measured(2_500, 7),
        paced(PACED_100, 100).measured(2_500, 5),
        endless(STREAMS_1000, 1_000, 200).measured(3_000, 3),
        endless(STREAMS_5000, 5_000, 1_000).measured(3_000, 2),
    ]
}

/// What a few minutes are enough for.
pub(crate) fn quick() -> Vec<Cell> {
    let kept = [JSON_1K_SATURATED, JSON_16K_SATURATED, PACED_20, STREAMS_1000];
    let is_kept = |cell: &Cell| kept.contains(&cell.name.as_str());
    full().into_iter().filter(is_kept).map(Cell::shortened).collect()
}

fn saturated(name: &str, body: usize, connections: usize) -> Cell {
    cell(name, Work::Json { body, pace: Pace::Saturated { connections } })
}

fn rate(name: &str, body: usize, per_second: u32) -> Cell {
    cell(name, Work::Json { body, pace: Pace::Rate { per_second, connections: 16 } })
}

fn paced(name: &str, streams: usize) -> Cell {
    cell(name, Work::Streams { streams, interval: Duration::from_millis(5), events: Some(128) })
}

/// Streams that are all open while memory is read.
fn endless(name: &str, streams: usize, interval_ms: u64) -> Cell {
    let interval = Duration::from_millis(interval_ms);
    Cell { memory: true, ..cell(name, Work::Streams { streams, interval, events: None }) }
}

fn cell(name: &str, work: Work) -> Cell {
    Cell { name: name.to_owned(), work, length: Duration::ZERO, rounds: 0, memory: false }
}

impl Cell {
    /// For the short run.
    pub(crate) fn shortened(self) -> Self {
        let rounds = if self.memory { 2 } else { 3 };
        self.measured(1_000, rounds)
    }

    fn measured(self, milliseconds: u64, rounds: u32) -> Self {
        Self { length: Duration::from_millis(milliseconds), rounds, ..self }
    }
}

impl Work {
    /// Streams that are open at a time; `None` where answers come whole.
    pub(crate) fn streams(&self) -> Option<usize> {
        match self {
            Self::Json { .. } => None,
            Self::Streams { streams, .. } => Some(*streams),
        }
    }
}

/// The load point: no figure is told without it.
impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { body, pace } => {
                write!(f, "request bodies of {}, ", size(*body))?;
                match pace {
                    Pace::Saturated { connections } => {
                        write!(f, "saturated by {connections} connections")
                    }
                    Pace::Rate { per_second, .. } => {
                        write!(f, "{} requests/s", grouped(u64::from(*per_second)))
                    }
                }
            }
            Self::Streams { streams, interval, .. } => {
                let plural = if *streams == 1 { "" } else { "s" };
                let interval = match interval.as_millis() {
                    milliseconds if milliseconds % 1_000 == 0 => {
                        format!("{} s", milliseconds / 1_000)
                    }
                    milliseconds => format!("{milliseconds} ms"),
                };
                let streams = grouped(*streams as u64);
                write!(f, "{streams} stream{plural} of an event every {interval}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_not_shared() {
        let full = full();
        let names: BTreeSet<_> = full.iter().map(|cell| &cell.name).collect();
        assert_eq!(names.len(), full.len());
    }

    #[test]
    fn the_short_run_does_the_same_work() {
        let full = full();
        let quick = quick();
        let names: Vec<_> = quick.iter().map(|cell| cell.name.as_str()).collect();
        assert_eq!(names, [JSON_1K_SATURATED, JSON_16K_SATURATED, PACED_20, STREAMS_1000]);
        for cell in &quick {
            let same = full.iter().find(|whole| whole.name == cell.name).unwrap();
            assert_eq!((same.work, same.memory), (cell.work, cell.memory), "{}", cell.name);
            assert!(cell.rounds >= 2 && cell.rounds < same.rounds, "{}", cell.name);
        }
    }

    #[test]
    fn load_points_are_said_in_words() {
        let said = |name| {
            let full = full();
            full.iter().find(|cell| cell.name == name).unwrap().work.to_string()
        };
        assert_eq!(said(JSON_1K_SATURATED), "request bodies of 1 KiB, saturated by 16 connections");
        assert_eq!(said(JSON_1K_RATE), "request bodies of 1 KiB, 2,000 requests/s");
        assert_eq!(said(PACED_1), "1 stream of an event every 5 ms");
        assert_eq!(said(STREAMS_5000), "5,000 streams of an event every 1 s");
    }

    #[test]
    fn memory_comes_last() {
        let memory: Vec<_> = full().iter().map(|cell| cell.memory).collect();
        assert!(memory.is_sorted(), "{memory:?}");
    }

    #[test]
    fn cells_are_read_as_they_are_written() {
        let written = serde_json::to_string(&full()).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Cell>>(&written).unwrap(), full());
    }
}
