use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

const WANTED: &[Wanted] = &[
    Wanted { name: "model", limit: 16 },
    Wanted { name: "stream", limit: 8 },
    Wanted { name: "usage", limit: 64 },
];

fn scan(body: &[u8], size: usize) -> Members {
    let mut members = Members::new(WANTED);
    for piece in body.chunks(size) {
        members.push(piece);
    }
    members
}

fn check(body: &str, model: Option<&str>, stream: Option<&str>, complete: bool) {
    for size in 1..=body.len().max(1) {
        let members = scan(body.as_bytes(), size);
        let text = |name| members.get(name).value().map(|v| std::str::from_utf8(v).unwrap());
        assert_eq!(text("model"), model, "{body} in {size}");
        assert_eq!(text("stream"), stream, "{body} in {size}");
        assert_eq!(members.is_complete(), complete, "{body} in {size}");
        if complete {
            let end = body.rfind('}').unwrap() as u64;
            assert_eq!(members.end(), Some(end), "{body} in {size}");
        }
    }
}

#[test]
fn finds_members_wherever_they_stand() {
    check(r#"{"model":"a","stream":true}"#, Some(r#""a""#), Some("true"), true);
    check(
        " {\n\"x\" : [1,{\"model\":\"no\",\"y\":\"]}\\\"\"}], \"stream\" : true , \"model\":\"b\"} \n",
        Some(r#""b""#),
        Some("true"),
        true,
    );
    check("{}", None, None, true);
    check("{\"\\u006dodel\":\"c\"}", Some(r#""c""#), None, true);
}

#[test]
fn text_is_never_structure() {
    check(
        r#"{"p":"{\"model\":\"x\",\"stream\":true}","q":"\\","stream":false}"#,
        None,
        Some("false"),
        true,
    );
}

#[test]
fn the_last_of_a_repeated_key_counts() {
    check(r#"{"model":"a","model":"b","stream":true,"stream":1}"#, Some("\"b\""), Some("1"), true);
}

#[test]
fn a_value_over_its_limit_is_not_kept() {
    let members = scan(br#"{"model":"abcdefghijklmnopqrstuvwxyz","stream":true}"#, 5);
    assert_eq!(members.get("model"), Found::TooLarge);
    assert_eq!(members.get("stream"), Found::Value(b"true"));
}

#[test]
fn what_is_no_object_is_invalid() {
    for body in
        ["[1]", "x", "{model:1}", r#"{"a" 1}"#, r#"{"a":1,}"#, "{}x", r#"{"a":}"#, r#"{"a":1"b"}"#]
    {
        let members = scan(body.as_bytes(), 1);
        assert!(members.is_invalid(), "{body}");
    }
    for body in ["", "{", r#"{"a"#, r#"{"a":[1,"#, r#"{"a":1"#] {
        let members = scan(body.as_bytes(), 1);
        assert!(!members.is_invalid() && !members.is_complete(), "{body}");
    }
}

#[test]
fn a_byte_order_mark_may_come_first() {
    assert!(scan(b"\xef\xbb\xbf{\"model\":\"a\"}", 2).is_complete());
}

#[test]
fn depth_has_no_limit_and_no_recursion() {
    let body =
        [b"{\"a\":".to_vec(), vec![b'['; 1 << 20], vec![b']'; 1 << 20], b"}".to_vec()].concat();
    assert!(scan(&body, 4096).is_complete());
}

/// The body in pieces reads like the whole of it byte by byte.
fn assert_as_by_byte(body: &[u8], pieces: &[&[u8]]) {
    let mut members = Members::new(WANTED);
    for piece in pieces {
        members.push(piece);
    }
    let expected = by_byte::read(body);
    let context = || {
        let lengths: Vec<_> = pieces.iter().map(|piece| piece.len()).collect();
        format!("{} in {lengths:?}", String::from_utf8_lossy(body))
    };
    assert_eq!(members.is_invalid(), expected.is_invalid, "{}", context());
    assert_eq!(members.is_array(), expected.is_array, "{}", context());
    assert_eq!(members.end(), expected.end, "{}", context());
    let is_complete = expected.end.is_some() && !expected.is_invalid;
    assert_eq!(members.is_complete(), is_complete, "{}", context());
    let mut any_too_large = false;
    for wanted in WANTED {
        let value = expected.members.iter().rfind(|(key, _)| unescaped(key) == wanted.name);
        let found = match value {
            None => Found::Absent,
            Some((_, value)) if value.len() > wanted.limit => Found::TooLarge,
            Some((_, value)) => Found::Value(value),
        };
        any_too_large |= found == Found::TooLarge;
        assert_eq!(members.get(wanted.name), found, "{} of {}", wanted.name, context());
    }
    assert_eq!(members.has_too_large(), any_too_large, "{}", context());
}

fn unescaped(key: &[u8]) -> String {
    let raw = String::from_utf8_lossy(key).into_owned();
    if raw.contains('\\') {
        serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_default()
    } else {
        raw
    }
}

/// Every cut in two, and pieces of every small size.
fn assert_however_cut(body: &[u8]) {
    for at in 0..=body.len() {
        let (front, back) = body.split_at(at);
        assert_as_by_byte(body, &[front, back]);
    }
    for size in [1, 2, 3, 5, 64, 100] {
        let pieces: Vec<_> = body.chunks(size).collect();
        assert_as_by_byte(body, &pieces);
    }
}

#[test]
fn a_quote_ends_a_string_behind_an_even_number_of_backslashes() {
    for backslashes in 0..=5 {
        for before in [0, 1, 14, 61, 62, 63, 64, 65, 300] {
            let run = "\\".repeat(backslashes);
            let text = "x".repeat(before) + &run + "\"";
            let denser = "\\\"".repeat(40) + &text;
            for text in [text, denser] {
                // What follows is outside the string, or closes it and follows then.
                assert_however_cut(format!(r#"{{"a":"{text},"stream":1}}"#).as_bytes());
                assert_however_cut(format!(r#"{{"a":["{text}],"stream":1}}"#).as_bytes());
                assert_however_cut(
                    format!(r#"{{"usage":["{text}],"x":["]"],"stream":1}}"#).as_bytes(),
                );
                assert_however_cut(format!(r#"{{"{text}:1,"stream":1}}"#).as_bytes());
            }
        }
    }
}

#[test]
fn backslashes_outside_of_strings_escape_nothing() {
    for nested in [r#"[\"]"]"#, r#"[\\"]"]"#, r#"[\]"#, r#"{\"}":1}"#, r#"["a"\"]"]"#] {
        for blanks in [0, 3, 40, 100] {
            let blanks = " ".repeat(blanks);
            assert_however_cut(format!(r#"{{"usage":{blanks}{nested},"stream":1}}"#).as_bytes());
            assert_however_cut(format!(r#"{{"usage":[{blanks}{nested}],"stream":1}}"#).as_bytes());
        }
    }
}

/// Texts as they stand within quotes.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-zé你 ]{0,40}",
        2 => select(&["\\n", "\\\"", "\\\\", "\\u4f60", "\\\\\\\"", "\\\\\\\\"][..]).prop_map(String::from),
        1 => (select(&["\\\"", "\\n", "x", "\\\\", "{[", "\\\\\\\""][..]), 0..90_usize)
            .prop_map(|(part, times)| part.repeat(times)),
        1 => select(&["{", "}", "[", "]", ":", ",", "\"stream\""][..])
            .prop_map(|text| text.replace('"', "\\\"")),
    ];
    vec(part, 0..6).prop_map(|parts| parts.concat())
}

/// A value as it stands in a body.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => text().prop_map(|text| format!("\"{text}\"")),
        1 => select(&["1", "-2.5e9", "true", "null", "{}", "[ ]", "nul", "0.1234567890123456789"][..])
            .prop_map(String::from),
        1 => (1..60_usize).prop_map(|count| format!("[{}]", vec!["-0.0123"; count].join(","))),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(|values| format!("[{}]", values.join(", "))),
            vec((text(), inner), 0..5).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// A body, most of the time of valid JSON.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        3 => select(&["model", "stream", "usage", "messages", "m\\u006fdel", "modell"][..])
            .prop_map(String::from),
        1 => text(),
    ];
    let blank = select(&["", "", "", " ", "\n", "\t\r  "][..]);
    let member = (name, value(), blank)
        .prop_map(|(key, value, blank)| format!("{blank}\"{key}\"{blank}:{blank}{value}{blank}"));
    vec(member, 0..6).prop_map(|members| format!("{{{}}} ", members.join(",")).into_bytes())
}

/// What makes JSON invalid: a byte is put in, taken out or another, or the rest is gone.
fn mutated(mut body: Vec<u8>, mutations: &[(Index, u8, usize)]) -> Vec<u8> {
    for (at, byte, kind) in mutations {
        let at = at.index(body.len() + 1);
        match kind {
            0 => body.insert(at, *byte),
            1 if at < body.len() => body[at] = *byte,
            2 if at < body.len() => drop(body.remove(at)),
            3 => body.truncate(at),
            _ => {}
        }
    }
    body
}

fn in_pieces<'a>(body: &'a [u8], points: &[Index]) -> Vec<&'a [u8]> {
    let mut points: Vec<_> = points.iter().map(|point| point.index(body.len() + 1)).collect();
    points.extend([0, body.len()]);
    points.sort_unstable();
    points.windows(2).map(|ends| &body[ends[0]..ends[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_body_reads_as_byte_by_byte(
        body in body(),
        mutations in vec((any::<Index>(), select(&b"\"\\{}[]:,x1 \xff"[..]), 0..4_usize), 0..3),
        points in vec(any::<Index>(), 0..8),
    ) {
        let body = mutated(body, &mutations);
        assert_as_by_byte(&body, &in_pieces(&body, &points));
    }

    #[test]
    fn any_row_of_marks_reads_as_byte_by_byte(
        body in r#"\{?("(model|stream|usage|a)":)?(\{|\}|\[|\]|"|:|,|\\|\\"|x{64}|\\n|true|1| |"a":|"model":"b",){0,40}"#,
        points in vec(any::<Index>(), 0..8),
    ) {
        let body = body.into_bytes();
        assert_as_by_byte(&body, &in_pieces(&body, &points));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn however_it_is_cut_it_reads_as_byte_by_byte(
        body in body(),
        mutations in vec((any::<Index>(), select(&b"\"\\{}[]:,x1 \xff"[..]), 0..4_usize), 0..2),
    ) {
        let mut body = mutated(body, &mutations);
        body.truncate(1_500);
        assert_however_cut(&body);
    }
}
