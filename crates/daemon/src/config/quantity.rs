//! Numbers with a unit: the grammar that durations and sizes share.

/// Splits `30s` into 30 and `s`; `None` where the text does not begin with a whole number.
pub(super) fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit))
}
