//! Values inside of JSON, told by their bytes.

use std::ops::Range;

/// What is read of an event's JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What stands between the quotes of a string that is not empty.
    Text,
    /// A whole number.
    Number,
}

/// A byte in all eight places of a word.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The highest bit of each byte.
const HIGH: u64 = each(0x80);

/// Length of the text of a string that `bytes` begin with, up to its closing quote; `None` if it is
/// empty or not as JSON has it. What is no UTF-8, or an escape that is half a character, is text all
/// the same: the reader mends it.
#[inline(always)]
pub(super) fn text(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = bytes.get(at..)?.first_chunk() {
        let specials = specials(u64::from_le_bytes(*word));
        if specials == 0 {
            at += 8;
            continue;
        }
        at += first(specials);
        if bytes.get(at) == Some(&b'"') {
            return (at > 0).then_some(at);
        }
        break;
    }
    text_from(at, bytes)
}

/// The same for one that has been read up to an offset, where an escape is, or the end is near.
#[inline(never)]
fn text_from(start: usize, bytes: &[u8]) -> Option<usize> {
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'"' => return (at > 0).then_some(at),
            b'\\' => at += escape(bytes.get(at + 1..)?)?,
            ..b' ' => return None,
            _ => at += 1,
        }
    }
}

/// A bit in the place of the first byte that does not stand for itself in a string: a quote, a
/// backslash, a control character. Bits in places behind it mean nothing.
fn specials(word: u64) -> u64 {
    let equal = |byte| {
        let same = word ^ each(byte);
        same.wrapping_sub(each(1)) & !same
    };
    let control = word.wrapping_sub(each(b' ')) & !word;
    (equal(b'"') | equal(b'\\') | control) & HIGH
}

/// The place of the first bit of these.
fn first(bits: u64) -> usize {
    (bits.trailing_zeros() / 8) as usize
}

/// Length of an escape with its backslash, which stands before `bytes`.
fn escape(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' if bytes.get(1..5)?.iter().all(u8::is_ascii_hexdigit) => Some(6),
        _ => None,
    }
}

/// Length of the whole number that `bytes` begin with, which fits in 64 bits.
pub(super) fn number(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    while let Some(word) = bytes.get(length..)?.first_chunk() {
        let digits = u64::from_le_bytes(*word) ^ each(b'0');
        // A bit in the place of the first byte that is no digit.
        let others = (digits.wrapping_add(each(0x7f - 9)) | digits) & HIGH;
        if others != 0 {
            length += first(others);
            break;
        }
        length += 8;
    }
    length += bytes.get(length..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_number = length == 1 || (matches!(length, 2..20) && bytes.first() != Some(&b'0'));
    is_number.then_some(length)
}

/// Calls `each` with the texts and whole numbers of `json`, which has been read, that are the value
/// of a member named in `names`, or stand in an array which is. `None` as soon as it says so, or if
/// there is a string that is hard to read.
pub(super) fn values(
    json: &[u8],
    names: &[&str],
    mut each: impl FnMut(Range<usize>, Kind) -> Option<()>,
) -> Option<()> {
    let mut at = 0;
    let mut is_named = false;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => {
                let start = at + 1;
                let rest = json.get(start..)?;
                let end = start + if rest.first() == Some(&b'"') { 0 } else { text(rest)? };
                at = end + 1;
                if is_key(json.get(at..)?) {
                    let name = json.get(start..end)?;
                    is_named = names.iter().any(|named| named.as_bytes() == name);
                } else if is_named && end > start {
                    each(start..end, Kind::Text)?;
                }
            }
            b'0'..=b'9' => {
                let start = at;
                let digits = json[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                at += digits;
                let is_whole = !is_part_of_number(json.get(start.wrapping_sub(1)))
                    && !is_part_of_number(json.get(at))
                    && number(&json[start..]) == Some(digits);
                if is_named && is_whole {
                    each(start..at, Kind::Number)?;
                }
            }
            b'{' | b'}' | b']' => {
                is_named = false;
                at += 1;
            }
            _ => at += 1,
        }
    }
    Some(())
}

/// Whether a string was a key, by what comes behind it.
fn is_key(behind: &[u8]) -> bool {
    behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

fn is_part_of_number(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b'-' | b'+' | b'.' | b'e' | b'E'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lossy;

    /// Length of the text of the string that `bytes` begin with, as a reader of JSON sees it.
    fn by_reader(bytes: &[u8]) -> Option<usize> {
        let is_string = |end: &usize| {
            let json = [b"\"", &bytes[..*end], b"\""].concat();
            let json = lossy::mended(&json).unwrap_or(json);
            serde_json::from_slice::<String>(&json).is_ok_and(|text| !text.is_empty())
        };
        let mut quotes = memchr::memchr_iter(b'"', bytes);
        quotes.find(is_string)
    }

    #[test]
    fn texts_end_at_their_quote_wherever_it_is() {
        for length in 1..40 {
            let plain = "x".repeat(length);
            for behind in ["", "\"", "}}\n\n", "\\,\"\n more than eight bytes"] {
                let bytes = format!("{plain}\"{behind}");
                assert_eq!(text(bytes.as_bytes()), Some(length), "{bytes}");
                assert_eq!(text(&bytes.as_bytes()[..length]), None, "{bytes}");
            }
        }
    }

    #[test]
    fn escapes_are_read_and_control_characters_are_not() {
        for (bytes, length) in [
            (&b"\\n\""[..], Some(2)),
            (b"say \\\"hello\\\" \\\\\"", Some(16)),
            (b"12345678\\u00e4 \\t\"", Some(17)),
            (b"\\ud83d\\ude00\"", Some(12)),
            (b"\\uD83D\"", Some(6)),
            (b"\\u12g4\"", None),
            (b"\\x\"", None),
            (b"\\", None),
            (b"a\x1fb\"", None),
            (b"a\nb\"", None),
            ("häßlich\"".as_bytes(), Some(9)),
            (b"h\xffb\"", Some(3)),
            (b"12345678\xc3\"", Some(9)),
            (b"\"", None),
            (b"", None),
        ] {
            assert_eq!(text(bytes), length, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn numbers_are_whole_and_fit() {
        for (bytes, length) in [
            (&b"0,"[..], Some(1)),
            (b"7", Some(1)),
            (b"1795294758,\"model\"", Some(10)),
            (b"1234567890123456789}", Some(19)),
            (b"12345678901234567890}", None),
            (b"01,", None),
            (b"-1,", None),
            (b"\"1\"", None),
            (b"", None),
        ] {
            assert_eq!(number(bytes), length, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn values_are_those_of_their_members() {
        let json = br#"{"a":"x","b":"y","a":[1,"z",{"c":2},3],"a":-1,"a":1.5,"a":1e5,"a":"","a":{"b":4},"a":02,"a":70}"#;
        let mut found = Vec::new();
        let read = values(json, &["a"], |range, kind| {
            found.push((std::str::from_utf8(&json[range]).unwrap(), kind));
            Some(())
        });
        let expected =
            [("x", Kind::Text), ("1", Kind::Number), ("z", Kind::Text), ("70", Kind::Number)];
        assert_eq!((read, found.as_slice()), (Some(()), &expected[..]));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 4_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn texts_are_those_that_a_reader_sees(
            bytes in r#"([a-z]{0,9}|"|\\|\\u[0-9a-fD]{4}|\\[nrtx/]|ä|[\x00-\x22]|😀){0,8}"#,
            at in any::<prop::sample::Index>(),
            byte in any::<Option<u8>>(),
        ) {
            let mut bytes = bytes.into_bytes();
            if let (Some(byte), false) = (byte, bytes.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.push(b'"');
            prop_assert_eq!(text(&bytes), by_reader(&bytes));
        }

        #[test]
        fn what_is_a_number_is_one_to_a_reader_too(bytes in "(0|[1-9]|[0-9]{1,9}|-|\\.|e){1,4},") {
            let read = number(bytes.as_bytes());
            if let Some(length) = read {
                prop_assert!(serde_json::from_str::<u64>(&bytes[..length]).is_ok());
                prop_assert!(!bytes.as_bytes()[length].is_ascii_digit());
            }
        }
    }
}
