//! Numbers: counts of tokens, and spans of time.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{drain_map, drain_seq};

/// JavaScript's largest whole number; more tokens than that is no count.
const MOST: u64 = 1 << 53;

/// A value that should be a whole number, 0 or more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountVisitor;
        impl<'de> Visitor<'de> for CountVisitor {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Count((number <= MOST).then_some(number)))
            }

            /// Cohere writes `12.0`.
            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                let whole = number.fract() == 0.0 && (0.0..=MOST as f64).contains(&number);
                Ok(Count(whole.then_some(number as u64)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                drain_seq(seq)?;
                Ok(Count(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                drain_map(map)?;
                Ok(Count(None))
            }

            other_scalars!(Count(None) =>
                visit_bool(bool), visit_i64(i64), visit_str(&str));
        }
        deserializer.deserialize_any(CountVisitor)
    }
}

/// A value that should be a number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Number(pub(crate) Option<f64>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl<'de> Visitor<'de> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Number(Some(number as f64)))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Number(Some(number as f64)))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Number(Some(number)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                drain_seq(seq)?;
                Ok(Number(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                drain_map(map)?;
                Ok(Number(None))
            }

            other_scalars!(Number(None) =>
                visit_bool(bool), visit_str(&str));
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

impl Number {
    /// As a span; negative ones are none.
    pub(crate) fn seconds(self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.0?).ok()
    }

    /// The same, as the length of something heard: nobody sends a month of it.
    pub(crate) fn audio(self) -> Option<Duration> {
        const MOST: Duration = Duration::from_secs(30 * 24 * 3_600);
        self.seconds().filter(|length| *length <= MOST)
    }

    /// The same, told in milliseconds.
    pub(crate) fn milliseconds(self) -> Option<Duration> {
        Self(Some(self.0? / 1_000.0)).seconds()
    }
}
