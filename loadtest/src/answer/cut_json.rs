//! JSON whose end is missing, as that of an answer that was too long or broke off.

use serde_json::Value;

/// The value of `bytes`; where they break off, what was written until then: an open text and open brackets are closed.
/// `None`: they break off where nothing can be closed (behind a key, say), or are no JSON.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    serde_json::from_slice(&closed(bytes)).ok()
}

fn closed(bytes: &[u8]) -> Vec<u8> {
    let mut open = Vec::new();
    // Where the text began that is open, and the escape within it.
    let (mut in_text, mut escape) = (false, None);
    for (at, byte) in bytes.iter().enumerate() {
        if in_text {
            match (escape, byte) {
                // `\u` has four digits more.
                (Some(from), b'u') if at == from + 1 => {}
                (Some(from), _) if bytes.get(from + 1) == Some(&b'u') && at < from + 5 => {}
                (Some(_), _) => escape = None,
                (None, b'\\') => escape = Some(at),
                (None, b'"') => in_text = false,
                (None, _) => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' => _ = open.pop(),
            _ => {}
        }
    }
    let kept = escape.filter(|_| in_text).map_or(bytes, |from| bytes.get(..from).unwrap_or(bytes));
    let mut closed = whole_characters(kept).to_vec();
    if in_text {
        closed.push(b'"');
    } else if closed.last() == Some(&b',') {
        closed.pop();
    }
    closed.extend(open.iter().rev());
    closed
}

/// Without the beginning of a character at the end.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).unwrap_or(bytes)
        }
        Ok(_) | Err(_) => bytes,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_written_before_the_end_is_there() {
        for (text, value) in [
            (r#"{"a":[{"b":"one tw"#, json!({"a": [{"b": "one tw"}]})),
            (r#"{"a":"one\"#, json!({"a": "one"})),
            (r#"{"a":"one\u00e"#, json!({"a": "one"})),
            (r#"{"a":"one\u00e4"#, json!({"a": "oneä"})),
            (r#"{"a":"{\"}","b":[1,"#, json!({"a": "{\"}", "b": [1]})),
            (r#"{"a":1}"#, json!({"a": 1})),
        ] {
            assert_eq!(read(text.as_bytes()), Some(value), "{text}");
        }
        assert_eq!(read("{\"a\":\"ä".as_bytes().split_last().unwrap().1), Some(json!({"a": ""})));
        for text in [r#"{"a":"one","b"#, r#"{"a":"#, "no JSON", "", "]]]{"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}
