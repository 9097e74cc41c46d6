//! Sizes in bytes as configuration writes them.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use super::quantity;

/// What a size looks like; the end of the sentence "expected …".
const EXPECTED: &str =
    "a size in bytes: a whole number, alone or with B, KiB, MiB or GiB, such as \"64KiB\"";

/// The units above a byte, largest first.
const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];

/// A number of bytes: `64KiB`, `2MiB`, `512`. Units are powers of 1024 and say so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

impl Size {
    /// A size of this many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = &'static str;

    /// Reads `64KiB`; the error says what was expected.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, unit) = quantity::split(text).ok_or(EXPECTED)?;
        let unit_bytes = match unit {
            "" | "B" => 1,
            _ => UNITS.into_iter().find(|(_, name)| *name == unit).ok_or(EXPECTED)?.0,
        };
        number.checked_mul(unit_bytes).map(Self).ok_or(EXPECTED)
    }
}

/// Written with the largest unit that needs no fraction.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.into_iter().find(|(unit, _)| self.0 > 0 && self.0.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(f, "{}{name}", self.0 / unit),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
        text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_u64<E: Error>(self, bytes: u64) -> Result<Size, E> {
        Ok(Size(bytes))
    }

    fn visit_i64<E: Error>(self, bytes: i64) -> Result<Size, E> {
        u64::try_from(bytes)
            .map(Size)
            .map_err(|_| E::invalid_value(Unexpected::Signed(bytes), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (text, bytes) in [
            ("512", 512),
            ("7B", 7),
            ("64KiB", 65_536),
            ("2MiB", 2_097_152),
            ("1GiB", 1_073_741_824),
        ] {
            assert_eq!(text.parse::<Size>().unwrap().bytes(), bytes, "{text}");
        }
    }

    #[test]
    fn wrong_units_and_numbers_are_refused() {
        for text in ["2MB", "64kib", "64K", "1.5MiB", "-1", "", "KiB", "64 KiB", "99999999999GiB"] {
            assert_eq!(text.parse::<Size>(), Err(EXPECTED), "{text}");
        }
    }

    #[test]
    fn a_size_is_shown_as_one_would_write_it() {
        for text in ["7B", "1000B", "64KiB", "3MiB", "1GiB", "0B"] {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
        }
    }
}
