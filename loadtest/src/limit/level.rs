//! What is measured: so many clients of one kind.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use reqwest::Url;
use weir_daemon::config::Span;

use super::simulator::MODEL;
use crate::measure::Settings;
use crate::scenario::{Arrivals, Lengths, Load, ModelShare, Output, Prompt, Scenario};

/// Clients that ask for whole answers, and for streams.
pub(super) const WHOLE: [usize; 4] = [1, 8, 64, 256];
pub(super) const STREAMS: [usize; 3] = [1, 8, 64];
/// Paced streams: twice as many each time.
const FEWEST_PACED: usize = 50;
const MOST_PACED: usize = 12_800;
/// Between two events of a paced stream, and how far off the 99th percentile of what is measured may be.
pub(super) const GAP: Duration = Duration::from_millis(20);
pub(super) const OFF: Duration = Duration::from_millis(2);
/// A whole answer of so many tokens is 1 KiB of JSON.
const WHOLE_TOKENS: u32 = 88;
const STREAM_TOKENS: u32 = 256;
/// 51 times 20 ms: so many streams as begin in that time are open at once.
const PACED_TOKENS: u32 = 51;
/// A request is given up after so long, and those under way at the end may go on for so long.
const PATIENCE: Span = Span::from_secs(10);

/// One measurement, by its number of clients or streams at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Whole answers, one after another, as fast as they come.
    Whole(usize),
    /// The same of streams.
    Streams(usize),
    /// Streams with [`GAP`] between events, begun evenly in time.
    Paced(usize),
}

/// Of paced streams, as many as are wanted.
pub(super) fn paced() -> impl Iterator<Item = Level> {
    let next = |streams: &usize| streams.checked_mul(2).filter(|streams| *streams <= MOST_PACED);
    std::iter::successors(Some(FEWEST_PACED), next).map(Level::Paced)
}

impl Level {
    pub(super) fn clients(self) -> usize {
        let (Self::Whole(clients) | Self::Streams(clients) | Self::Paced(clients)) = self;
        clients
    }

    pub(super) fn is_paced(self) -> bool {
        matches!(self, Self::Paced(_))
    }

    /// How it is measured, for so long.
    pub(super) fn settings(self, target: &Url, length: Duration) -> Settings {
        let tokens = match self {
            Self::Whole(_) => WHOLE_TOKENS,
            Self::Streams(_) => STREAM_TOKENS,
            Self::Paced(_) => PACED_TOKENS,
        };
        let gap = if self.is_paced() { GAP } else { Duration::ZERO };
        let load = match self {
            Self::Whole(concurrency) | Self::Streams(concurrency) => Load::Closed { concurrency },
            Self::Paced(streams) => Load::Open {
                rate: streams as f64 / (gap * PACED_TOKENS).as_secs_f64(),
                // Side by side they would all be answered at the same moments.
                arrivals: Arrivals::Constant,
                max_in_flight: streams.saturating_mul(4),
            },
        };
        // To the simulator: when to say what.
        let plan = format!("tokens={tokens},ttft={0}ms,gap={0}ms", gap.as_millis());
        let scenario = Scenario {
            name: "limit".to_owned(),
            models: vec![ModelShare { name: MODEL.to_owned(), weight: 1.0 }],
            stream: if matches!(self, Self::Whole(_)) { 0.0 } else { 1.0 },
            duration: Some(Span::from_millis(
                u64::try_from(length.as_millis()).unwrap_or(u64::MAX),
            )),
            timeout: PATIENCE,
            grace: PATIENCE,
            load,
            prompt: Prompt { tokens: Lengths::Fixed(16), ..Prompt::default() },
            output: Output { tokens: Lengths::Fixed(tokens), ..Output::default() },
            headers: BTreeMap::from([("x-sim".to_owned(), plan)]),
            ..Scenario::default()
        };
        let (target, name) = (target.clone(), scenario.name.clone());
        Settings { target, scenario, name, key: None, trace: false, labels: BTreeMap::new() }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(1) => f.write_str("whole answers, 1 client"),
            Self::Whole(clients) => write!(f, "whole answers, {clients} clients"),
            Self::Streams(1) => f.write_str("streams, 1 client"),
            Self::Streams(clients) => write!(f, "streams, {clients} clients"),
            Self::Paced(streams) => {
                write!(f, "{streams} streams with an event every {} ms", GAP.as_millis())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_scenario() {
        let target: Url = "http://127.0.0.1:1".parse().unwrap();
        let paced = Level::Paced(102).settings(&target, Duration::from_secs(5)).scenario;
        let load = Load::Open { rate: 100.0, arrivals: Arrivals::Constant, max_in_flight: 408 };
        assert_eq!((paced.load, paced.stream), (load, 1.0));
        assert_eq!(paced.headers["x-sim"], "tokens=51,ttft=20ms,gap=20ms");
        assert_eq!(paced.duration, Some(Span::from_secs(5)));
        let whole = Level::Whole(8).settings(&target, Duration::from_millis(300)).scenario;
        assert_eq!((whole.load, whole.stream), (Load::Closed { concurrency: 8 }, 0.0));
        assert_eq!(whole.headers["x-sim"], "tokens=88,ttft=0ms,gap=0ms");
        let all: Vec<_> = super::paced().map(Level::clients).collect();
        assert_eq!((all.len(), all[0], all[8]), (9, 50, 12_800));
    }
}
