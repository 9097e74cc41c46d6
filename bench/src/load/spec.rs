//! Pieces of work as they are named.

use std::str::FromStr;
use std::time::Duration;

use crate::cells::{Pace, Work};

/// Of a load of whole answers, where the name does not say.
const CONNECTIONS: usize = 16;

/// A name that means nothing.
#[derive(Debug, thiserror::Error)]
#[error(
    "\"{0}\" is no piece of work: say `json-SIZE-saturated`, `json-SIZE-rate-PER_SECOND` (either with `-CONNECTIONS`, \
     16 if not said), `paced-INTERVAL-STREAMS` (with `-EVENTS`, without end if not said) or `burst-EVENTS-STREAMS`, \
     such as json-16k-saturated, json-1k-rate-2000-64, paced-5ms-20, paced-1s-5000, paced-5ms-20-128, burst-128-1"
)]
pub(crate) struct NoWork(String);

impl FromStr for Work {
    type Err = NoWork;

    fn from_str(name: &str) -> Result<Self, NoWork> {
        let parts: Vec<_> = name.split('-').collect();
        json(&parts).or_else(|| streams(&parts)).ok_or_else(|| NoWork(name.to_owned()))
    }
}

fn json(parts: &[&str]) -> Option<Work> {
    let ["json", size, rest @ ..] = parts else { return None };
    let connections = |rest: &[&str]| match rest {
        [] => Some(CONNECTIONS),
        [connections] => number(connections),
        _ => None,
    };
    let pace = match rest {
        ["saturated", rest @ ..] => Pace::Saturated { connections: connections(rest)? },
        ["rate", per_second, rest @ ..] => {
            let per_second = number(per_second)?.try_into().ok()?;
            Pace::Rate { per_second, connections: connections(rest)? }
        }
        _ => return None,
    };
    Some(Work::Json { body: bytes(size)?, pace })
}

fn streams(parts: &[&str]) -> Option<Work> {
    let (interval, streams, events) = match parts {
        ["paced", every, streams] => (interval(every)?, streams, None),
        ["paced", every, streams, events] => (interval(every)?, streams, Some(events)),
        ["burst", events, streams] => (Duration::ZERO, streams, Some(events)),
        _ => return None,
    };
    let events = match events {
        Some(events) => Some(number(events)?.try_into().ok()?),
        None => None,
    };
    Some(Work::Streams { streams: number(streams)?, interval, events })
}

/// Of which there is at least one.
fn number(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number| *number > 0)
}

fn bytes(text: &str) -> Option<usize> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    Some(
        self::number(number)?
            << if unit == "k" {
                10
            } else if unit == "m" {
                20
            } else {
                return None;
            },
    )
}

fn interval(text: &str) -> Option<Duration> {
    if let Some(milliseconds) = text.strip_suffix("ms") {
        return Some(Duration::from_millis(number(milliseconds)? as u64));
    }
    Some(Duration::from_secs(number(text.strip_suffix('s')?)? as u64))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::cells::{Pace, Work};

    #[test]
    fn names_say_what_is_done() {
        let milliseconds = Duration::from_millis;
        let saturated = |connections| Pace::Saturated { connections };
        let rate = |per_second, connections| Pace::Rate { per_second, connections };
        let paced = |interval, streams, events| Work::Streams { streams, interval, events };
        for (name, work) in [
            ("json-1k-saturated", Work::Json { body: 1_024, pace: saturated(16) }),
            ("json-2m-saturated-4", Work::Json { body: 2 << 20, pace: saturated(4) }),
            ("json-16k-rate-500", Work::Json { body: 16_384, pace: rate(500, 16) }),
            ("json-256k-rate-100-8", Work::Json { body: 262_144, pace: rate(100, 8) }),
            ("paced-5ms-20", paced(milliseconds(5), 20, None)),
            ("paced-1s-5000", paced(milliseconds(1_000), 5_000, None)),
            ("paced-200ms-1000-128", paced(milliseconds(200), 1_000, Some(128))),
            ("burst-2048-1", paced(Duration::ZERO, 1, Some(2_048))),
        ] {
            assert_eq!(name.parse::<Work>().unwrap(), work, "{name}");
        }
    }

    #[test]
    fn other_names_are_refused_with_what_to_say() {
        for name in [
            "",
            "json",
            "json-1k",
            "json-1-saturated",
            "json-0k-saturated",
            "json-k-saturated",
            "json-1k-saturated-0",
            "json-1k-saturated-1-1",
            "json-1k-rate",
            "json-é-saturated",
            "paced-5-20",
            "paced-ms-20",
            "paced-5ms",
            "paced-5ms-0",
            "burst-0-1",
            "burst-128",
        ] {
            let error = name.parse::<Work>().unwrap_err().to_string();
            assert!(error.contains(&format!("\"{name}\"")) && error.contains("paced-"), "{error}");
        }
    }
}
