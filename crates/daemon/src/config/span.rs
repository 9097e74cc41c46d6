//! Durations as configuration writes them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use super::quantity;

/// What a duration looks like; the end of the sentence "expected …".
const EXPECTED: &str =
    "a duration: a whole number and its unit (us, ms, s, m, h or d), such as \"30s\"";

/// A duration that is written with its unit: `200ms`, `30s`, `1m`, `2h`. A number alone is an
/// error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

impl Span {
    /// A span of whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// A span of whole milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    /// The duration.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

impl FromStr for Span {
    type Err = &'static str;

    /// Reads `30s`; the error says what was expected.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, unit) = quantity::split(text).ok_or(EXPECTED)?;
        let unit_micros: u64 = match unit {
            "us" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60 * 1_000_000,
            "h" => 3_600 * 1_000_000,
            "d" => 86_400 * 1_000_000,
            _ => return Err(EXPECTED),
        };
        number
            .checked_mul(unit_micros)
            .map(|micros| Self(Duration::from_micros(micros)))
            .ok_or(EXPECTED)
    }
}

/// Written with the largest unit that needs no fraction.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        let units =
            [(86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s")];
        let whole = |(unit, _): &(u128, &str)| micros > 0 && micros.is_multiple_of(*unit);
        match units.into_iter().find(whole) {
            Some((unit, name)) => write!(f, "{}{name}", micros / unit),
            None if micros.is_multiple_of(1_000) => write!(f, "{}ms", micros / 1_000),
            None => write!(f, "{micros}us"),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

/// As it is displayed.
impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct SpanVisitor;

impl SpanVisitor {
    fn no_unit<E: Error>(found: Unexpected<'_>) -> E {
        E::invalid_type(found, &format!("{EXPECTED}; a number alone has no unit").as_str())
    }
}

impl Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
        text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Span, E> {
        Err(Self::no_unit(Unexpected::Unsigned(number)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Span, E> {
        Err(Self::no_unit(Unexpected::Signed(number)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Span, E> {
        Err(Self::no_unit(Unexpected::Float(number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (text, micros) in [
            ("200us", 200),
            ("200ms", 200_000),
            ("30s", 30_000_000),
            ("1m", 60_000_000),
            ("2h", 7_200_000_000),
            ("3d", 259_200_000_000),
            ("0s", 0),
        ] {
            assert_eq!(
                text.parse::<Span>().unwrap().duration(),
                Duration::from_micros(micros),
                "{text}"
            );
        }
    }

    #[test]
    fn wrong_units_and_numbers_are_refused() {
        for text in
            ["30", "30S", "30 s", "1.5s", "-1s", "s", "", "30sec", "1m30s", "999999999999999999d"]
        {
            assert_eq!(text.parse::<Span>(), Err(EXPECTED), "{text}");
        }
    }

    #[test]
    fn a_span_is_shown_as_one_would_write_it() {
        for text in ["200us", "1500ms", "30s", "1m", "2h", "3d", "90s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!(Span::default().to_string(), "0ms");
    }
}
