//! A target, and what was found. All of them are limits from above.

use super::{KIBIBYTE, MEBIBYTE};
use crate::statistics::Spread;
use crate::words::{fixed, signed};

/// A limit and what was found, in seconds, bytes, or a number.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) what: String,
    pub(crate) load_point: String,
    unit: Unit,
    limit: f64,
    found: Option<Found>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    value: f64,
    /// The least and the most of all rounds.
    range: Option<(f64, f64)>,
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Ratio,
    /// More than another has.
    Instructions,
    Microseconds,
    Milliseconds,
    Kibibytes,
    KibibytesMore,
    Mebibytes,
    Megabytes,
    Count,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Outcome {
    Met,
    MissedBy(f64),
    NotMeasured,
}

impl From<Spread> for Found {
    fn from(spread: Spread) -> Self {
        Self { value: spread.median, range: Some((spread.least, spread.most)) }
    }
}

impl Found {
    pub(super) fn alone(value: f64) -> Self {
        Self { value, range: None }
    }
}

impl Verdict {
    pub(super) fn new(what: &str, load_point: &str, unit: Unit, limit: f64) -> Self {
        let (what, load_point) = (what.to_owned(), load_point.to_owned());
        Self { what, load_point, unit, limit, found: None }
    }

    pub(super) fn found(self, found: Option<Found>) -> Self {
        Self { found, ..self }
    }

    pub(crate) fn outcome(&self) -> Outcome {
        match self.found {
            None => Outcome::NotMeasured,
            Some(found) if found.value <= self.limit => Outcome::Met,
            Some(found) => Outcome::MissedBy(found.value - self.limit),
        }
    }

    /// Such as `≤ 1.10`.
    pub(crate) fn limit(&self) -> String {
        format!("≤ {}", self.unit.with_name(self.limit))
    }

    /// Such as `1.08 (1.05 to 1.12)`; `None`: not measured.
    pub(crate) fn measured(&self) -> Option<String> {
        let found = self.found?;
        let range = found.range.map_or_else(String::new, |(least, most)| {
            format!(" ({} to {})", self.unit.text(least), self.unit.text(most))
        });
        Some(format!("{}{range}", self.unit.with_name(found.value)))
    }

    /// Such as `✗ by 0.03`.
    pub(crate) fn mark(&self) -> String {
        match self.outcome() {
            Outcome::Met => "✓".to_owned(),
            Outcome::MissedBy(more) => format!("✗ by {}", self.unit.excess(more)),
            Outcome::NotMeasured => "not measured".to_owned(),
        }
    }
}

impl Unit {
    fn text(self, value: f64) -> String {
        match self {
            Self::Ratio => fixed(value, 2),
            Self::Instructions => signed(value),
            Self::Microseconds => signed(value * 1e6),
            Self::Milliseconds => fixed(value * 1e3, 2),
            Self::Kibibytes => fixed(value / KIBIBYTE, 1),
            Self::KibibytesMore => signed(value / KIBIBYTE),
            Self::Mebibytes => fixed(value / MEBIBYTE, 1),
            Self::Megabytes => fixed(value / 1e6, 1),
            Self::Count => fixed(value, 0),
        }
    }

    fn with_name(self, value: f64) -> String {
        let name = match self {
            Self::Ratio | Self::Instructions | Self::Count => "",
            Self::Microseconds => " µs",
            Self::Milliseconds => " ms",
            Self::Kibibytes | Self::KibibytesMore => " KiB",
            Self::Mebibytes => " MiB",
            Self::Megabytes => " MB",
        };
        format!("{}{name}", self.text(value))
    }

    /// By how much too much: it needs no sign.
    fn excess(self, more: f64) -> String {
        let text = match self {
            // What is too much by less than the last digit is too much all the same.
            Self::Ratio if more < 0.01 => format!("{more:.4}"),
            _ => self.with_name(more),
        };
        text.trim_start_matches('+').to_owned()
    }
}
