//! The same bytes to the upstream and through Weir, and what has to be the same.

use std::net::SocketAddr;

use serde_json::{Value, json};
use weir_sim::Upstream;

use super::{Answer, Request, ask};

/// Headers that are per hop (RFC 9110, section 7.6.1), or written anew by each server.
const NOT_COMPARED: &[&str] = &["connection", "keep-alive", "transfer-encoding", "date"];

/// The answers to the same request: the upstream's own, and the one through Weir.
pub(crate) async fn both(
    upstream: &Upstream,
    weir: SocketAddr,
    request: &Request,
) -> (Answer, Answer) {
    (ask(upstream.addr(), request).await, ask(weir, request).await)
}

/// Asserts the same status, the same end-to-end headers in the same order and case, and the same
/// body, but for the ids and times that the simulator makes up anew (see [`normal`]).
pub(crate) fn assert_same(direct: &Answer, through: &Answer) {
    assert_eq!(through.status, direct.status, "status");
    assert_eq!(end_to_end(through), end_to_end(direct), "headers");
    assert_same_text(&normal(&through.body), &normal(&direct.body));
    assert_eq!(through.end, direct.end, "end of the connection");
}

/// Shows the first line that differs, and not a whole stream.
fn assert_same_text(through: &str, direct: &str) {
    for (number, (through, direct)) in (1..).zip(through.lines().zip(direct.lines())) {
        assert_eq!(through, direct, "line {number} of the body");
    }
    assert_eq!(through.lines().count(), direct.lines().count(), "lines of the body");
    assert_eq!(through, direct, "body");
}

/// What [`assert_same`] compares of the headers.
fn end_to_end(answer: &Answer) -> Vec<(String, String)> {
    let compared = |name: &str| !NOT_COMPARED.contains(&name.to_ascii_lowercase().as_str());
    answer
        .headers
        .iter()
        .filter(|(name, _)| compared(name))
        .map(|(name, value)| (name.clone(), normal(value)))
        .collect()
}

/// Text in which the simulator's ids (16 hexadecimal digits, to which it may append more) and Unix
/// times (`"created…":` and ten digits) are replaced; bytes that are no UTF-8 are shown as such.
pub(crate) fn normal(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let (before, run) = rest.split_at(start);
        let length = run.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(run.len());
        out.push_str(before);
        match length {
            16..20 => out.push_str(&format!("ID{}", &run[16..length])),
            10 if out.rsplit('"').nth(1).is_some_and(is_time) => out.push_str("TIME"),
            _ => out.push_str(&run[..length]),
        }
        rest = &run[length..];
    }
    out.push_str(rest);
    out
}

fn is_time(member: &str) -> bool {
    matches!(member, "created" | "created_at" | "completed_at")
}

/// A request's body as Weir sends it on: with the question for usage.
///
/// The reference for a stream through Weir is the answer to this, [`without_usage_event`]: engines
/// move some members to that event (vLLM its `system_fingerprint`, llama.cpp its `timings`), so
/// that the answer without the question is not quite it.
pub(crate) fn asking(body: &Value) -> Value {
    let mut body = body.clone();
    body["stream_options"] = json!({"include_usage": true});
    body
}

/// A stream without its usage event, if it has one that says nothing else; never two.
pub(crate) fn without_usage_event(stream: &str) -> String {
    const SILENT: [&str; 3] =
        [r#""choices":[]"#, r#""choices":[{"index":0,"delta":{}}]"#, r#""choices":[{"index":0}]"#];
    let ends = ["\n\n", "\r\n\r\n", "\r\r"];
    let end = ends.into_iter().find(|end| stream.contains(end)).unwrap();
    let is_usage = |event: &str| {
        event.contains(r#""usage":{"#) && SILENT.iter().any(|choices| event.contains(choices))
    };
    let (usage, rest): (Vec<_>, Vec<_>) =
        stream.split_inclusive(end).partition(|event| is_usage(event));
    assert!(usage.len() <= 1, "{stream}");
    rest.concat()
}
