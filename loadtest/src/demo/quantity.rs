//! How numbers are written: three digits, with their unit, a dash for what is not known.

use std::time::Duration;

/// What stands for a number that is not known.
const UNKNOWN: &str = "–";

/// Seconds as `812 µs`, `14.2 ms` or `1.23 s`.
pub(super) fn seconds(value: Option<f64>) -> String {
    match value {
        None => UNKNOWN.to_owned(),
        Some(value) if value < 0.000_999_5 => format!("{} µs", three_digits(value * 1e6)),
        Some(value) if value < 0.999_5 => format!("{} ms", three_digits(value * 1e3)),
        Some(value) => format!("{} s", three_digits(value)),
    }
}

/// A number without a unit.
pub(super) fn rate(value: Option<f64>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), three_digits)
}

/// Minutes and seconds.
pub(super) fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

fn three_digits(value: f64) -> String {
    let decimals = match value {
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_a_unit() {
        let cases = [
            (0.000_812, "812 µs"),
            (0.000_999_9, "1.00 ms"),
            (0.014_23, "14.2 ms"),
            (0.099_96, "100 ms"),
            (0.999_7, "1.00 s"),
            (12.34, "12.3 s"),
            (1234.0, "1234 s"),
        ];
        for (value, text) in cases {
            assert_eq!(seconds(Some(value)), text);
        }
        assert_eq!((seconds(None), rate(None)), ("–".to_owned(), "–".to_owned()));
        assert_eq!((rate(Some(0.0)), rate(Some(99.97))), ("0.00".to_owned(), "100".to_owned()));
    }
}
