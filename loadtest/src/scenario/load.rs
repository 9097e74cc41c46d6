//! When requests are sent.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use weir_daemon::config::Span;

use super::one;

/// When requests are sent.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", try_from = "Raw")]
pub(crate) enum Load {
    /// So many clients, each with one request at a time: a slow server is asked less (closed loop).
    Closed { concurrency: usize },
    /// Requests at their own moments, whether or not others are still under way (open loop).
    Open {
        /// Per second.
        rate: f64,
        arrivals: Arrivals,
        /// More are not sent at once; what would be more is counted as `not_sent`.
        max_in_flight: usize,
    },
    /// One load after another: a ramp. Each stage is reported by itself.
    Stages { stages: Vec<Stage> },
    /// The moments and lengths of a recorded trace (JSON lines with `timestamp` in ms, `input_length`,
    /// `output_length` and, for shared prefixes, `hash_ids`: Mooncake's format, which aiperf reads too).
    Trace {
        file: PathBuf,
        /// 2.0 plays it twice as fast.
        speed: f64,
        max_in_flight: usize,
    },
}

pub(crate) fn most_in_flight() -> usize {
    4096
}

impl Load {
    /// So many requests are under way at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        match self {
            Self::Closed { concurrency } => *concurrency,
            Self::Open { max_in_flight, .. } | Self::Trace { max_in_flight, .. } => *max_in_flight,
            Self::Stages { stages } => {
                let most = |stage: &Stage| stage.concurrency.unwrap_or_else(most_in_flight);
                stages.iter().map(most).max().unwrap_or(0)
            }
        }
    }
}

/// How moments of an open loop lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Arrivals {
    /// As of clients that know nothing of each other.
    #[default]
    Poisson,
    /// Evenly.
    Constant,
}

/// A part of a ramp: either a rate (open) or a concurrency (closed).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rate: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) concurrency: Option<usize>,
    #[serde(rename = "for")]
    pub(crate) length: Span,
}

impl Default for Load {
    fn default() -> Self {
        Self::Closed { concurrency: 1 }
    }
}

/// As a file writes it: serde forgets lines and keys within a choice by `kind`, so the choice is made here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    kind: Kind,
    concurrency: Option<usize>,
    rate: Option<f64>,
    arrivals: Option<Arrivals>,
    max_in_flight: Option<usize>,
    stages: Option<Vec<Stage>>,
    file: Option<PathBuf>,
    speed: Option<f64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Closed,
    Open,
    Stages,
    Trace,
}

impl Raw {
    /// Keys that are set and mean nothing for the kind, or the one that it lacks.
    fn misfit(&self) -> Option<String> {
        let (name, needed, allowed): (_, _, &[&str]) = match self.kind {
            Kind::Closed => ("closed", "concurrency", &[]),
            Kind::Open => ("open", "rate", &["arrivals", "max_in_flight"]),
            Kind::Stages => ("stages", "stages", &[]),
            Kind::Trace => ("trace", "file", &["speed", "max_in_flight"]),
        };
        let set = [
            ("concurrency", self.concurrency.is_some()),
            ("rate", self.rate.is_some()),
            ("arrivals", self.arrivals.is_some()),
            ("max_in_flight", self.max_in_flight.is_some()),
            ("stages", self.stages.is_some()),
            ("file", self.file.is_some()),
            ("speed", self.speed.is_some()),
        ];
        if set.contains(&(needed, false)) {
            return Some(format!("a load of kind {name} needs {needed}"));
        }
        let other = set.iter().find(|(key, is)| *is && *key != needed && !allowed.contains(key));
        other.map(|(key, _)| format!("a load of kind {name} has no {key}"))
    }
}

impl TryFrom<Raw> for Load {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        if let Some(misfit) = raw.misfit() {
            return Err(misfit);
        }
        let max_in_flight = raw.max_in_flight.unwrap_or_else(most_in_flight);
        // The defaults are never taken: what is needed is there.
        Ok(match raw.kind {
            Kind::Closed => Self::Closed { concurrency: raw.concurrency.unwrap_or_default() },
            Kind::Open => Self::Open {
                rate: raw.rate.unwrap_or_default(),
                arrivals: raw.arrivals.unwrap_or_default(),
                max_in_flight,
            },
            Kind::Stages => Self::Stages { stages: raw.stages.unwrap_or_default() },
            Kind::Trace => Self::Trace {
                file: raw.file.unwrap_or_default(),
                speed: raw.speed.unwrap_or_else(one),
                max_in_flight,
            },
        })
    }
}
