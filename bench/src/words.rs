//! Figures as they are written.

/// What stands where there is no figure.
pub(crate) const NOTHING: &str = "–";

/// With commas between thousands: `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let head = digits.len() % 3;
    let (head, rest) = digits.split_at(head);
    let threes = (0..rest.len()).step_by(3).map(|start| &rest[start..start + 3]);
    let parts: Vec<_> = (!head.is_empty()).then_some(head).into_iter().chain(threes).collect();
    parts.join(",")
}

/// With so many decimals, and commas between thousands; a minus that is as wide as a plus.
pub(crate) fn fixed(number: f64, decimals: usize) -> String {
    if !number.is_finite() {
        return NOTHING.to_owned();
    }
    let text = format!("{:.decimals$}", number.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), grouped);
    let text = if part.is_empty() { whole } else { format!("{whole}.{part}") };
    let zero = text.bytes().all(|byte| !(b'1'..=b'9').contains(&byte));
    if number < 0.0 && !zero { format!("−{text}") } else { text }
}

/// To three digits or so: `0.42`, `4.2`, `42`, `420`, `4,200`.
pub(crate) fn short(number: f64) -> String {
    let decimals = match number.abs() {
        size if size < 1.0 => 2,
        size if size < 20.0 => 1,
        _ => 0,
    };
    fixed(number, decimals)
}

/// The same with a sign, for differences.
pub(crate) fn signed(number: f64) -> String {
    let text = short(number);
    if number > 0.0 { format!("+{text}") } else { text }
}

/// What a program said, where a text must not have lines of its own.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Bytes as people write powers of two: `16 KiB`, `2 MiB`.
pub(crate) fn size(bytes: usize) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        bytes => format!("{} KiB", bytes >> 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn numbers_have_as_many_digits_as_say_something() {
        for (number, text) in [
            (0.418, "0.42"),
            (-0.001, "0.00"),
            (4.24, "4.2"),
            (-12.34, "−12.3"),
            (42.4, "42"),
            (4_200.4, "4,200"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(short(number), text, "{number}");
        }
        let signs = [3.24, -3.24, 0.0].map(signed);
        assert_eq!(signs, ["+3.2", "−3.2", "0.00"]);
        assert_eq!(fixed(1_234.5, 2), "1,234.50");
        assert_eq!((size(1 << 10), size(2 << 20)), ("1 KiB".to_owned(), "2 MiB".to_owned()));
    }
}
