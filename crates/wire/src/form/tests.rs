use proptest::prelude::*;

use super::*;

const WANTED: &[Wanted] =
    &[Wanted { name: "model", limit: 16 }, Wanted { name: "stream", limit: 8 }];

const TYPE: &str = "multipart/form-data; boundary=XX";

fn scan(content_type: &str, body: &[u8], size: usize) -> Form {
    let mut form = Form::of(content_type, WANTED).unwrap();
    for piece in body.chunks(size) {
        form.push(piece);
        assert_bounded(&form);
    }
    form
}

/// Nothing is held but what is wanted, the headers of one part and a boundary.
fn assert_bounded(form: &Form) {
    let slots = form.kept.bytes();
    let part = form.part.as_ref().map_or(0, |(_, slot)| slot.bytes());
    assert!(slots <= 24 && part <= 16, "{slots} and {part} bytes of values");
    assert!(form.headers.len() <= HEADERS_LIMIT, "{} bytes of headers", form.headers.len());
    assert!(form.boundary.held() <= 330, "{} bytes of a boundary", form.boundary.held());
}

/// The values of `model` and `stream`, and whether the body was complete.
fn read(form: &Form) -> (Found<'_>, Found<'_>, bool) {
    assert!(!form.is_invalid());
    (form.kept.get("model"), form.kept.get("stream"), form.is_complete())
}

fn check(content_type: &str, body: &[u8], expected: (Found<'_>, Found<'_>, bool)) {
    for size in 1..=body.len() {
        let form = scan(content_type, body, size);
        assert_eq!(read(&form), expected, "{} in {size}", body.escape_ascii());
    }
    for cut in 0..=body.len() {
        let mut form = Form::of(content_type, WANTED).unwrap();
        form.push(&body[..cut]);
        form.push(&body[cut..]);
        assert_eq!(read(&form), expected, "{} cut at {cut}", body.escape_ascii());
    }
}

fn value(text: &str) -> Found<'_> {
    Found::Value(text.as_bytes())
}

#[test]
fn fields_before_and_behind_a_file() {
    let body = b"--XX\r\n\
        Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n\
        --XX\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\
        Content-Type: audio/wav\r\n\r\nRIFF\0\xff\r\n\n--X\r\n--XXX\r\n--XX-\r\n --XX\r\n--XX \r\r\n\
        --XX\r\n\
        content-disposition: form-data; name=stream\r\n\r\ntrue\r\n\
        --XX--\r\n";
    check(TYPE, body, (value("whisper"), value("true"), true));
}

#[test]
fn lines_may_end_in_line_feeds_alone() {
    let body =
        b"--XX\nContent-Disposition: form-data; name=\"model\"\n\na\rb\r\n--XX\r\n\n--XX--\n";
    check(TYPE, body, (value("a\rb\r\n--XX\r\n"), Found::Absent, true));
}

#[test]
fn a_file_cannot_bring_a_boundary_in_other_lines() {
    let body = b"--XX\r\nContent-Disposition: form-data; name=file\r\n\r\n\
        \n--XX\nContent-Disposition: form-data; name=model\n\na\n--XX--\n\
        \r\n--XX\nContent-Disposition: form-data; name=model\r\n\r\nb\r\n--XX--";
    check(TYPE, body, (Found::Absent, Found::Absent, true));
}

#[test]
fn preamble_epilogue_and_blanks_behind_a_boundary() {
    let body = b"a preamble\r\n--XXno\r\n\r\n--XX \t\r\n\
        Content-Disposition: form-data; name=model\r\n\r\na\r\n--XX--\r\n\
        --XX\r\nContent-Disposition: form-data; name=model\r\n\r\nb\r\n--XX--";
    check(TYPE, body, (value("a"), Found::Absent, true));
}

#[test]
fn values_are_kept_byte_for_byte() {
    let body = b"--XX\r\nContent-Disposition: form-data; name=model\r\n\r\n\r\n--X\n\r\n\r\n\
        --XX\r\nContent-Disposition: form-data; name=stream\r\n\r\n\r\n--XX--";
    check(TYPE, body, (value("\r\n--X\n\r\n"), value(""), true));
    let body = b"--XX\r\nContent-Disposition: form-data; name=model\r\n\r\n--XX--";
    check(TYPE, body, (value(""), Found::Absent, true));
}

#[test]
fn the_last_of_a_repeated_field_counts() {
    let body = b"--XX\r\nContent-Disposition: form-data; name=model\r\n\r\na\r\n\
        --XX\r\nContent-Disposition: form-data; name=model\r\n\r\nb\r\n--XX--";
    check(TYPE, body, (value("b"), Found::Absent, true));
}

#[test]
fn a_wanted_field_may_come_as_a_file() {
    let body = b"--XX\r\nContent-Disposition: form-data; name=\"model\"; filename=\"blob\"\r\n\
        Content-Type: text/plain\r\n\r\na\r\n--XX--\r\n";
    check(TYPE, body, (value("a"), Found::Absent, true));
}

#[test]
fn a_part_without_a_name_is_nobodys() {
    let body = b"--XX\r\n\r\nmodel\r\n--XX\r\nX: y\r\n\r\nmodel\r\n--XX--";
    check(TYPE, body, (Found::Absent, Found::Absent, true));
}

#[test]
fn a_value_over_its_limit_is_not_kept() {
    let body = b"--XX\r\nContent-Disposition: form-data; name=model\r\n\r\n0123456789abcdef\r\n\
        --XX\r\nContent-Disposition: form-data; name=stream\r\n\r\n012345678\r\n--XX--";
    check(TYPE, body, (value("0123456789abcdef"), Found::TooLarge, true));
}

#[test]
fn a_value_counts_once_it_is_whole() {
    let body = b"--XX\r\nContent-Disposition: form-data; name=model\r\n\r\nwhisper\r\n--XX";
    check(TYPE, body, (Found::Absent, Found::Absent, false));
}

#[test]
fn a_body_may_come_once_more() {
    let first = b"--XX\nContent-Disposition: form-data; name=stream\n\n1\n--XX\nContent-";
    let second = b"--XX\r\nContent-Disposition: form-data; name=model\r\n\r\na\r\n--XX--";
    for end in 0..first.len() {
        let mut form = scan(TYPE, &first[..end], 7);
        form.restart();
        form.push(second);
        assert_eq!(read(&form), (value("a"), Found::Absent, true), "after {end}");
    }
}

#[test]
fn boundaries_of_a_content_type() {
    let body = b"--a b\r\nContent-Disposition: form-data; name=model\r\n\r\nx\r\n--a b--";
    check(
        "Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b\"",
        body,
        (value("x"), Found::Absent, true),
    );
    for no in [
        "",
        "application/json",
        "multipart/mixed; boundary=a",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"a\r\nb\"",
        &format!("multipart/form-data; boundary={}", "a".repeat(257)),
    ] {
        assert!(Form::of(no, WANTED).is_none(), "{no}");
    }
}

#[test]
fn headers_that_are_none_or_too_long_are_invalid() {
    let long = format!("--XX\r\nX: {}\r\n\r\n", "x".repeat(HEADERS_LIMIT));
    for body in ["--XX\r\n--XX--\r\n\r\n", "--XX\r\nno header\r\n\r\n", &long] {
        for size in [1, 2, 3, 1000, body.len()] {
            let form = scan(TYPE, body.as_bytes(), size);
            assert!(form.is_invalid() && !form.is_complete(), "{size}");
            assert!(form.headers.capacity() == 0 && form.part.is_none());
        }
    }
}

#[test]
fn what_has_no_boundary_is_neither_complete_nor_invalid() {
    check(TYPE, b"{\"model\":\"a\"}", (Found::Absent, Found::Absent, false));
}

/// A body as RFC 7578 has it.
fn body(parts: &[(&str, Vec<u8>)], line_end: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, content) in parts {
        let headers = format!(
            "--XX{line_end}Content-Disposition: form-data; name=\"{name}\"{line_end}{line_end}"
        );
        body.extend_from_slice(headers.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(line_end.as_bytes());
    }
    body.extend_from_slice(b"--XX--");
    body
}

const TEXTS: &[&str] = &["\r\n", "\n", "\r", "--X", "--XXX", "-", "X", " ", "--XX-", "a"];

const MARKUP: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "--XX",
    "--XX\r\n",
    "--XX--",
    "-",
    ":",
    " ",
    "Content-Disposition: form-data; name=\"model\"",
    "\r\n\r\n",
    "\"",
];

/// Content in which beginnings of boundaries are frequent, but no boundary line stands.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(TEXTS).prop_map(|text| text.as_bytes().to_vec());
    let any_content = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    any_content.prop_filter("no boundary line", |content| {
        // The line end behind the content ends its last line.
        let lines = content.split(|byte| *byte == b'\n');
        lines.into_iter().all(|line| {
            let rest = line.strip_prefix(b"--XX");
            rest.is_none_or(|rest| !rest.starts_with(b"--") && !rest.trim_ascii().is_empty())
        })
    })
}

proptest! {
    #[test]
    fn what_was_put_in_comes_out(
        parts in prop::collection::vec(
            (prop::sample::select(&["model", "stream", "file"][..]), content()), 0..5),
        line_feed_alone in any::<bool>(),
        size in 1..40_usize,
    ) {
        let last = |name: &str, limit| match parts.iter().rfind(|part| part.0 == name) {
            None => Found::Absent,
            Some((_, content)) if content.len() > limit => Found::TooLarge,
            Some((_, content)) => Found::Value(content),
        };
        let line_end = if line_feed_alone { "\n" } else { "\r\n" };
        let form = scan(TYPE, &body(&parts, line_end), size);
        prop_assert_eq!(form.kept.get("model"), last("model", 16));
        prop_assert_eq!(form.kept.get("stream"), last("stream", 8));
        prop_assert!(form.is_complete() && !form.is_invalid());
    }

    #[test]
    fn random_bytes_mean_the_same_in_every_cut(
        pieces in prop::collection::vec(prop_oneof![
            prop::sample::select(MARKUP).prop_map(|text| text.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..20),
        ], 0..30),
        size in 1..40_usize,
    ) {
        let body = pieces.concat();
        let (whole, cut) = (scan(TYPE, &body, usize::MAX), scan(TYPE, &body, size));
        prop_assert_eq!(whole.kept.get("model"), cut.kept.get("model"));
        prop_assert_eq!(whole.is_complete(), cut.is_complete());
        prop_assert_eq!(whole.is_invalid(), cut.is_invalid());
    }
}
