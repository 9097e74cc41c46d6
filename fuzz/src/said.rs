//! The numbers that an answer says: what is reported can be none but these.

/// Every number of `bytes` that is whole and not negative, each once for each time that it stands
/// there.
pub fn numbers(bytes: &[u8]) -> Vec<u64> {
    let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    let runs = bytes.split(|byte| !is_number(byte)).filter(|run| !run.is_empty());
    runs.filter_map(|run| {
        let text = std::str::from_utf8(run).ok()?;
        text.parse().ok().or_else(|| whole(text.parse().ok()?))
    })
    .collect()
}

/// How often usage may be told, at most: a key can be written with escapes.
pub fn usages(bytes: &[u8]) -> usize {
    bytes.windows(6).filter(|window| *window == b"usage\"" || window.starts_with(b"\\u")).count()
}

fn whole(number: f64) -> Option<u64> {
    // Beyond this a count is none, and below it the conversion is exact.
    let is_count = number >= 0.0 && number <= (1_u64 << 53) as f64 && number.fract() == 0.0;
    is_count.then_some(number as u64)
}
