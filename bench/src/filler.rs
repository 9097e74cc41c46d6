//! Text as prompts and answers have it.

/// As it stands in JSON, with the escapes of a prompt.
const SENTENCE: &str = r#"The quick brown fox said \"jump\", and the lazy dog did not.\n"#;

/// JSON of so many bytes: `before`, text, `after`; longer where these two are.
pub(crate) fn between(before: &str, after: &str, length: usize) -> String {
    let text = length.saturating_sub(before.len() + after.len());
    let mut json = String::with_capacity(length);
    json.push_str(before);
    json.extend(std::iter::repeat_n(SENTENCE, text / SENTENCE.len()));
    // Part of a sentence might end within an escape.
    json.extend(std::iter::repeat_n('.', text % SENTENCE.len()));
    json.push_str(after);
    json
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::between;

    #[test]
    fn json_has_the_length_that_was_asked_for() {
        for length in [13, 14, 70, 80, 1_024, 2 << 20] {
            let json = between(r#"{"content":""#, r#""}"#, length);
            assert_eq!(json.len(), length.max(14));
            let parsed: Value = serde_json::from_str(&json).unwrap();
            assert!(parsed["content"].is_string(), "{json}");
        }
    }
}
