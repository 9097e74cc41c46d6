//! Text that no strict reader of JSON takes, but that servers write and clients read all the same.

/// `data` with U+FFFD in place of bytes that are no UTF-8 and of escapes that are half a character
/// (`\ud83d` alone, from a server that splits an emoji); `None` if there is nothing to mend.
pub(crate) fn mended(data: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(data);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    let mut changed = text.as_bytes() != data;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let unit = code_unit(escape);
        let len = match unit {
            Some(0xd800..0xdc00)
                if matches!(escape.get(6..).and_then(code_unit), Some(0xdc00..0xe000)) =>
            {
                12
            }
            Some(0xd800..0xe000) => {
                changed = true;
                out.push(char::REPLACEMENT_CHARACTER);
                rest = &escape[6..];
                continue;
            }
            // A backslash and the character that it escapes.
            _ => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&escape[..len]);
        rest = &escape[len..];
    }
    out.push_str(rest);
    changed.then(|| out.into_bytes())
}

/// The UTF-16 unit of an escape with four digits at the start.
fn code_unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mend(text: &str) -> Option<String> {
        mended(text.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn half_a_character_is_replaced() {
        assert_eq!(mend(r#""a\ud83d""#).as_deref(), Some("\"a\u{fffd}\""));
        assert_eq!(mend(r#""\ude00b""#).as_deref(), Some("\"\u{fffd}b\""));
        assert_eq!(mend(r#""\ud83dx\ude00""#).as_deref(), Some("\"\u{fffd}x\u{fffd}\""));
        assert_eq!(mended(b"\"\xff\""), Some("\"\u{fffd}\"".into()));
    }

    #[test]
    fn whole_text_stays_as_it_is() {
        for text in [r#""\ud83d\ude00""#, r#""\\ud83d""#, r#""\n\"\u00e4""#, "\\", "\\u12", "ä\\ä"]
        {
            assert_eq!(mend(text), None, "{text}");
        }
    }
}
