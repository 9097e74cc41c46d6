//! Secrets that tell where they were planted, and the search for them.

use std::collections::BTreeSet;

/// What every secret begins with; no honest line has it.
const STEM: &str = "wormwood-";

/// The stem as bytes are shown that nobody took for text: decimal and hexadecimal, and base64 at each
/// of its three offsets.
const MANGLED: [&str; 5] = [
    "119, 111, 114, 109, 119, 111, 111, 100",
    "776f726d776f6f64",
    "d29ybXdvb2",
    "dvcm13b29k",
    "3b3Jtd29vZ",
];

/// How much of a text is shown before a secret.
const BEFORE: usize = 60;

/// The secret of a place. It survives JSON, URLs, headers and file names as it is.
pub(super) fn secret(place: &str) -> String {
    format!("{STEM}{place}")
}

/// Every place whose secret is in `text`, with a few of the words before it; each place once.
pub(super) fn found_in(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let mut places = BTreeSet::new();
    let mut leaks = Vec::new();
    for (at, _) in lower.match_indices(STEM) {
        let of_place = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.');
        let place = lower[at + STEM.len()..].split(of_place).next().unwrap_or_default();
        if places.insert(place.to_owned()) {
            leaks.push(format!("{place}: …{}", around(&lower, at)));
        }
    }
    let mangled = MANGLED.iter().filter_map(|stem| Some((stem, text.find(stem)?)));
    leaks.extend(mangled.map(|(stem, at)| format!("as {stem}: …{}", around(text, at))));
    leaks
}

fn around(text: &str, at: usize) -> String {
    let before: String = text[..at].chars().rev().take(BEFORE).collect();
    before.chars().rev().chain(text[at..].chars().take(BEFORE)).collect()
}

#[test]
fn a_secret_is_found_in_every_shape() {
    let planted = secret("a.b-c");
    let bytes = planted.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    for text in [
        format!("x{planted}\"y"),
        planted.to_ascii_uppercase(),
        format!("{bytes:?}"),
        hex,
        "eHdvcm13b29k".to_owned(),
    ] {
        assert_eq!(found_in(&text).len(), 1, "{text}");
    }
    assert!(found_in(&format!("{planted} {planted}"))[0].starts_with("a.b-c: "));
    assert!(found_in("wormwood, a bitter herb").is_empty());
}
