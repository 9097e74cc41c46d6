//! Numbers as people read them: three significant digits, and a unit.

/// A number without a unit, such as a rate.
pub(crate) fn rate(value: f64) -> String {
    let digits = digits(value);
    format!("{value:.digits$}")
}

/// A whole number, in groups of three digits.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time in the unit that suits it.
pub(crate) fn seconds(value: f64) -> String {
    let (value, unit) = match value.abs() {
        size if size == 0.0 || size >= 1.0 => (value, "s"),
        size if size >= 0.001 => (value * 1e3, "ms"),
        _ => (value * 1e6, "us"),
    };
    format!("{} {unit}", rate(value))
}

/// How many digits after the point make three in all.
fn digits(value: f64) -> usize {
    match value.abs() {
        size if size >= 99.95 || size == 0.0 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        size if size >= 0.099_95 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_a_unit() {
        for (value, text) in [
            (0.0, "0"),
            (0.012_34, "0.0123"),
            (0.5, "0.500"),
            (1.234, "1.23"),
            (9.999, "10.0"),
            (45.67, "45.7"),
            (99.96, "100"),
            (12_345.6, "12346"),
            (-3.21, "-3.21"),
        ] {
            assert_eq!(rate(value), text);
        }
        for (value, text) in [
            (0.0, "0 s"),
            (0.000_25, "250 us"),
            (0.012_34, "12.3 ms"),
            (-0.002, "-2.00 ms"),
            (1.5, "1.50 s"),
            (120.0, "120 s"),
        ] {
            assert_eq!(seconds(value), text);
        }
        assert_eq!(
            (count(0), count(999), count(1_234_567)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
    }
}
