//! Names that LangFuse was given by its clients, as labels.

/// Longer ones are cut.
const LONGEST: usize = 128;
/// Of a version.
const LONGEST_VERSION: usize = 32;

/// A name as a label: no control characters, not too long, and `unknown` where there is none.
pub(super) fn label(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let kept = kept.trim();
    if kept.is_empty() { "unknown".to_owned() } else { kept.to_owned() }
}

/// A version, if it looks like one.
pub(super) fn version(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_');
    let text = text.trim();
    let looks_like_one = (1..=LONGEST_VERSION).contains(&text.len()) && text.chars().all(is_plain);
    looks_like_one.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short_and_plain() {
        assert_eq!(label("gpt-4o"), "gpt-4o");
        assert_eq!(label("a\nb\u{1b}[31m\0"), "ab[31m");
        assert_eq!(label(" \t"), "unknown");
        assert_eq!(label(&"é".repeat(1000)).chars().count(), 128);
    }

    #[test]
    fn a_version_is_a_version() {
        assert_eq!(version("4.16.0").as_deref(), Some("4.16.0"));
        assert_eq!(version("3.0.0-rc.1+abc").as_deref(), Some("3.0.0-rc.1+abc"));
        assert_eq!(version("<html>"), None);
        assert_eq!(version(&"1".repeat(33)), None);
    }
}
