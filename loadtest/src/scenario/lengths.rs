//! Lengths in tokens: one number, or a distribution.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize};

/// A distribution of lengths.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Lengths {
    /// Always this.
    Fixed(u32),
    /// One of many.
    Spread(Spread),
}

/// A distribution of lengths that is not one number.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "distribution", rename_all = "snake_case", try_from = "Raw")]
pub(crate) enum Spread {
    /// Any of them, alike.
    Uniform { min: u32, max: u32 },
    /// What falls outside of the bounds is the bound.
    Normal { mean: f64, stddev: f64, min: u32, max: u32 },
    /// Many short ones and a long tail, as people's prompts are: `sigma` is that of the logarithm.
    LogNormal { median: f64, sigma: f64, min: u32, max: u32 },
    /// One of a list.
    Choice {
        values: Vec<u32>,
        /// How often each; none: all alike.
        weights: Vec<f64>,
    },
}

impl Default for Lengths {
    fn default() -> Self {
        Self::Fixed(1)
    }
}

impl<'de> Deserialize<'de> for Lengths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LengthsVisitor)
    }
}

struct LengthsVisitor;

impl<'de> Visitor<'de> for LengthsVisitor {
    type Value = Lengths;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0 to 4294967295, or a table with a distribution")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Lengths, E> {
        let wrong = |_| E::invalid_value(Unexpected::Unsigned(number), &self);
        u32::try_from(number).map(Lengths::Fixed).map_err(wrong)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Lengths, E> {
        let wrong = |_| E::invalid_value(Unexpected::Signed(number), &self);
        u32::try_from(number).map(Lengths::Fixed).map_err(wrong)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Lengths, A::Error> {
        Spread::deserialize(MapAccessDeserializer::new(map)).map(Lengths::Spread)
    }
}

/// As a file writes it: serde forgets lines and keys within a choice by `distribution`, so the choice is made here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    distribution: Kind,
    min: Option<u32>,
    max: Option<u32>,
    mean: Option<f64>,
    stddev: Option<f64>,
    median: Option<f64>,
    sigma: Option<f64>,
    values: Option<Vec<u32>>,
    weights: Option<Vec<f64>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Uniform,
    Normal,
    LogNormal,
    Choice,
}

impl Raw {
    /// Keys that are set and mean nothing for the distribution, or one that it lacks.
    fn misfit(&self) -> Option<String> {
        let (name, needed): (_, &[&str]) = match self.distribution {
            Kind::Uniform => ("uniform", &["min", "max"]),
            Kind::Normal => ("normal", &["mean", "stddev", "min", "max"]),
            Kind::LogNormal => ("log_normal", &["median", "sigma", "min", "max"]),
            Kind::Choice => ("choice", &["values"]),
        };
        let set = [
            ("min", self.min.is_some()),
            ("max", self.max.is_some()),
            ("mean", self.mean.is_some()),
            ("stddev", self.stddev.is_some()),
            ("median", self.median.is_some()),
            ("sigma", self.sigma.is_some()),
            ("values", self.values.is_some()),
            ("weights", self.weights.is_some()),
        ];
        if let Some((key, _)) = set.iter().find(|(key, is)| !is && needed.contains(key)) {
            return Some(format!("the distribution {name} needs {key}"));
        }
        let allowed = |key| needed.contains(key) || (name, *key) == ("choice", "weights");
        let other = set.iter().find(|(key, is)| *is && !allowed(key));
        other.map(|(key, _)| format!("the distribution {name} has no {key}"))
    }
}

impl TryFrom<Raw> for Spread {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        if let Some(misfit) = raw.misfit() {
            return Err(misfit);
        }
        // The defaults are never taken: what is needed is there.
        let (min, max) = (raw.min.unwrap_or_default(), raw.max.unwrap_or_default());
        Ok(match raw.distribution {
            Kind::Uniform => Self::Uniform { min, max },
            Kind::Normal => Self::Normal {
                mean: raw.mean.unwrap_or_default(),
                stddev: raw.stddev.unwrap_or_default(),
                min,
                max,
            },
            Kind::LogNormal => Self::LogNormal {
                median: raw.median.unwrap_or_default(),
                sigma: raw.sigma.unwrap_or_default(),
                min,
                max,
            },
            Kind::Choice => Self::Choice {
                values: raw.values.unwrap_or_default(),
                weights: raw.weights.unwrap_or_default(),
            },
        })
    }
}
