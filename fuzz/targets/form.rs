//! Forms (`multipart/form-data`), reached through an exchange.
//!
//! For every list of fields, written as RFC 7578 has it and cut anywhere, with files between them:
//! * the model is that of the last field of the name, and `stream` is what the last of it says;
//! * the bytes flow on as they are, and the form is complete.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_fuzz::calls::records;
use weir_fuzz::dice::Dice;
use weir_wire::{Degraded, End, Endpoint, Exchange, Limits, Policy, RequestHead};

/// Names of fields; those behind the first two are nobody's.
const NAMES: [&str; 5] = ["model", "stream", "file", "prompt", "Model"];

/// More bytes of a model are not kept, and more bytes of `stream` say nothing.
const LIMITS: [usize; 2] = [8 << 10, 16];

fuzz_target!(|input: &[u8]| {
    let mut dice = Dice::of(input);
    let boundary = ["b", "--", "------------------------7a6b67789474c885"][dice.below(3)];
    let mut body = b"preamble\r\n".repeat(dice.below(2));
    let mut last = [None; 2];
    for value in records(input) {
        let Some((name, value)) = value.split_first() else { continue };
        if holds_boundary(value, boundary) {
            return;
        }
        let index = usize::from(*name) % NAMES.len();
        part(&mut body, &mut dice, boundary, NAMES[index]);
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
        if let Some(last) = last.get_mut(index) {
            *last = Some(value).filter(|value| value.len() <= LIMITS[index]);
        }
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());

    let quote = ["", "\""][dice.below(2)];
    let kind = format!("multipart/form-data; boundary={quote}{boundary}{quote}");
    let pieces = dice.cut(&body);
    let exchange = send(&kind, &pieces);
    let facts = exchange.request().expect("facts of a body that has ended");
    assert_eq!(facts.model, last[0].and_then(name), "cut in {pieces:?}");
    assert_eq!(facts.stream, last[1].is_some_and(is_true), "cut in {pieces:?}");
    let outcome = exchange.outcome(Default::default(), End::ClientClosed);
    assert_ne!(outcome.degraded, Some(Degraded::InvalidJson), "cut in {pieces:?}");
});

/// Whether a boundary line stands in a value, or ends it: what only begins like one is content.
fn holds_boundary(value: &[u8], boundary: &str) -> bool {
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let mut rest = Some(value);
    while let Some(line) = rest {
        if let Some(behind) = line.strip_prefix(delimiter.as_slice()) {
            let blanks = behind.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let behind_blanks = &behind[blanks..];
            if behind.starts_with(b"--")
                || behind_blanks.is_empty()
                || behind_blanks.starts_with(b"\r\n")
            {
                return true;
            }
        }
        let end = line.windows(2).position(|window| window == b"\r\n");
        rest = end.map(|end| &line[end + 2..]);
    }
    false
}

/// A boundary and the header lines of a part, as one of several clients writes them.
fn part(body: &mut Vec<u8>, dice: &mut Dice, boundary: &str, name: &str) {
    let quote = ["\"", ""][dice.below(2)];
    let file = ["", "; filename=\"a; name=model\""][usize::from(name == "file")];
    let before = ["", "Content-Type: text/plain\r\n"][dice.below(2)];
    let behind = ["", "content-length: 1\r\n"][dice.below(2)];
    let key = ["Content-Disposition", "content-disposition"][dice.below(2)];
    let lines = format!(
        "--{boundary}\r\n{before}{key}: form-data; name={quote}{name}{quote}{file}\r\n{behind}\r\n"
    );
    body.extend_from_slice(lines.as_bytes());
}

fn send(content_type: &str, pieces: &[&[u8]]) -> Exchange {
    let mut head = RequestHead::json(Endpoint::Transcriptions);
    head.content_type = Some(content_type);
    let mut exchange = Exchange::new(&head, Policy::exact());
    for piece in pieces {
        assert_eq!(exchange.on_request_body(piece, false).bytes(piece), *piece);
    }
    assert!(exchange.on_request_body(&[], true).bytes(&[]).is_empty());
    exchange
}

fn name(value: &[u8]) -> Option<String> {
    let limit = Limits::default().model_bytes;
    let mut name = String::from_utf8_lossy(value).into_owned();
    if name.len() > limit {
        name.truncate(name.floor_char_boundary(limit));
        name.push('…');
    }
    Some(name).filter(|name| !name.is_empty())
}

/// The words that Python's servers take for it.
fn is_true(value: &[u8]) -> bool {
    let word = value.trim_ascii().to_ascii_lowercase();
    matches!(word.as_slice(), b"true" | b"1" | b"on" | b"yes" | b"t" | b"y")
}
