//! Streams of events that are made up: alike, as a server's are, and not quite.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use weir_wire::Endpoint;

/// Endpoints whose answers may be streams, one for each way to read them.
const ENDPOINTS: [Endpoint; 6] = [
    Endpoint::ChatCompletions,
    Endpoint::Completions,
    Endpoint::Responses,
    Endpoint::Messages,
    Endpoint::Transcriptions,
    Endpoint::Other,
];

/// JSON whose scalars are to be filled in.
#[derive(Clone, Debug)]
enum Json {
    Scalar(&'static [u8]),
    Array(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
}

use Json::{Array, Object, Scalar};

/// Stands for the text of an event.
const TEXT: &[u8] = b"TEXT";
/// Stands for its number.
const NUMBER: &[u8] = b"NUMBER";

const TEXTS: &[&[u8]] = &[b"\"a\"", b"\" token\"", b"\"\\n\"", "\"äh\"".as_bytes()];
const NUMBERS: &[&[u8]] = &[b"7", b"8", b"1795294758"];

/// Names that mean something to one reader or another, in the right place or in a wrong one, and some
/// that mean nothing.
const NAMES: &[&str] = &[
    "content",
    "reasoning",
    "reasoning_content",
    "text",
    "delta",
    "audio",
    "arguments",
    "thinking",
    "partial_json",
    "created",
    "sequence_number",
    "obfuscation",
    "token_ids",
    "type",
    "index",
    "finish_reason",
    "stop_reason",
    "role",
    "name",
    "function",
    "tool_calls",
    "choices",
    "logprobs",
    "usage",
    "completion_tokens",
    "prompt_tokens",
    "output_tokens",
    "seconds",
    "timings",
    "error",
    "object",
    "model",
    "id",
    "system_fingerprint",
    "response",
    "status",
    "message",
    "x",
    "cont\\u0065nt",
    "a\\\"content",
];

/// Values that are the same to a reader, and values that are not.
const SCALARS: &[&[u8]] = &[
    TEXT,
    NUMBER,
    b"\"a\"",
    b"\" token\"",
    b"\"much more than eight bytes of text\"",
    b"\"\"",
    b"\"\\n\"",
    b"\"say \\\"it\\\"\"",
    b"\"\\u00e4\"",
    b"\"\\ud83d\"",
    b"\"\\ud83d\\ude00\"",
    b"\"\\x\"",
    "\"häßlich\"".as_bytes(),
    b"\"\xff\"",
    b"\"a\x01b\"",
    b"\"a\nb\"",
    b"\"},{\\\"content\\\":\\\"\"",
    b"\"stop\"",
    b"\"error\"",
    b"\"text_delta\"",
    b"\"thinking_delta\"",
    b"\"signature_delta\"",
    b"\"content_block_delta\"",
    b"\"message_stop\"",
    b"\"response.output_text.delta\"",
    b"\"response.completed\"",
    b"\"transcript.text.done\"",
    b"0",
    b"1",
    b"17",
    b"1795294758",
    b"1234567890123456789",
    b"98765432109876543210",
    b"01",
    b"-1",
    b"1.5",
    b"1e5",
    b"1e999",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"[5]",
    b"[5,6]",
    b"[\"a\"]",
    b"{\"content\":[{\"token\":\"a\"}]}",
    b"{\"completion_tokens\":3}",
    b"{\"prompt_tokens\":0,\"completion_tokens\":0}",
    b"{\"prompt_tokens\":3,\"completion_tokens\":5}",
    b"[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]",
];

/// A content event as the servers of an endpoint write it, without and with its name.
fn usual(endpoint: Endpoint) -> (&'static str, Json) {
    let text = Scalar(TEXT);
    let null = Scalar(b"null");
    let head = |object| {
        vec![
            ("id", Scalar(b"\"cmpl-1\"")),
            ("object", Scalar(object)),
            ("created", Scalar(NUMBER)),
            ("model", Scalar(b"\"tiny\"")),
        ]
    };
    let with_choice = |mut head: Vec<_>, choice| {
        head.push(("choices", Array(vec![Object(choice)])));
        Object(head)
    };
    match endpoint {
        Endpoint::ChatCompletions => {
            let delta = ("delta", Object(vec![("content", text)]));
            let choice = vec![("index", Scalar(b"0")), delta, ("finish_reason", null)];
            ("", with_choice(head(b"\"chat.completion.chunk\""), choice))
        }
        Endpoint::Completions => {
            let choice = vec![("index", Scalar(b"0")), ("text", text), ("finish_reason", null)];
            ("", with_choice(head(b"\"text_completion\""), choice))
        }
        Endpoint::Responses => {
            let kind = ("type", Scalar(b"\"response.output_text.delta\""));
            let number = ("sequence_number", Scalar(NUMBER));
            ("response.output_text.delta", Object(vec![kind, number, ("delta", text)]))
        }
        Endpoint::Messages => {
            let kind = ("type", Scalar(b"\"content_block_delta\""));
            let delta = Object(vec![("type", Scalar(b"\"text_delta\"")), ("text", text)]);
            let index = ("index", Scalar(b"0"));
            ("content_block_delta", Object(vec![kind, index, ("delta", delta)]))
        }
        Endpoint::Transcriptions => {
            let kind = ("type", Scalar(b"\"transcript.text.delta\""));
            ("transcript.text.delta", Object(vec![kind, ("delta", text)]))
        }
        _ => ("", Object(vec![("index", Scalar(b"0")), ("text", text), ("usage", null)])),
    }
}

/// What the events of a stream have in common.
#[derive(Clone, Debug)]
struct Kind {
    /// Lines before the data.
    lines: String,
    json: Json,
    end: &'static str,
}

/// What an event has of its own.
#[derive(Clone, Debug)]
struct Own {
    kind: Index,
    text: &'static [u8],
    number: &'static [u8],
    /// A scalar that is another.
    scalar: Option<(Index, &'static [u8])>,
    damage: Option<(Damage, Index)>,
}

/// What becomes of the bytes of an event.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip(u8),
    Insert(u8),
    Cut,
    Double,
}

/// An endpoint and the events of its answer.
pub(crate) fn stream() -> impl Strategy<Value = (Endpoint, Vec<Vec<u8>>)> {
    select(&ENDPOINTS[..]).prop_flat_map(|endpoint| {
        (vec(kind(endpoint), 1..4), vec(own(), 1..24)).prop_map(move |(kinds, events)| {
            (endpoint, events.iter().map(|own| own.event(own.kind.get(&kinds))).collect())
        })
    })
}

/// A usual event, perhaps with more members in it, or any JSON at all.
fn kind(endpoint: Endpoint) -> impl Strategy<Value = Kind> {
    let more = prop_oneof![
        2 => Just(Vec::new()),
        1 => vec((any::<u8>(), any::<Index>(), select(NAMES), json()), 1..3),
    ];
    let line =
        select(&["event: x\n", "id: 7\n", ": hm\n", "data: 1\n", "data\n", "event: error\n"][..]);
    let end =
        prop_oneof![4 => Just("\n\n"), 1 => select(&["\r\n\r\n", "\r\r", "\n\r\n", "\n\r"][..])];
    let odd = weighted(0.05, json());
    (more, weighted(0.1, line), end, odd, any::<bool>()).prop_map(
        move |(more, line, end, odd, named)| {
            let (name, mut json) = usual(endpoint);
            for (path, place, name, value) in more {
                insert(&mut json, path, place, (name, value));
            }
            let mut lines = line.unwrap_or_default().to_owned();
            if named && !name.is_empty() {
                lines += &format!("event: {name}\n");
            }
            Kind { lines, json: odd.unwrap_or(json), end }
        },
    )
}

fn json() -> impl Strategy<Value = Json> {
    select(SCALARS).prop_map(Scalar).prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Array),
            vec((select(NAMES), inner), 0..4).prop_map(Object),
        ]
    })
}

/// Puts a member into the object, or, as the bits of `path` say, into one within.
fn insert(json: &mut Json, path: u8, place: Index, member: (&'static str, Json)) {
    match json {
        Scalar(_) => {}
        Array(values) => {
            if let Some(first) = values.first_mut() {
                insert(first, path, place, member);
            }
        }
        Object(members) => {
            let within = members.iter_mut().find(|(_, value)| !matches!(value, Scalar(_)));
            match within {
                Some((_, within)) if path & 1 == 1 => insert(within, path >> 1, place, member),
                _ => members.insert(place.index(members.len() + 1), member),
            }
        }
    }
}

fn own() -> impl Strategy<Value = Own> {
    let text = prop_oneof![8 => select(TEXTS), 1 => select(SCALARS)];
    let number = prop_oneof![8 => select(NUMBERS), 1 => select(SCALARS)];
    let damage = prop_oneof![
        any::<u8>().prop_map(Damage::Flip),
        any::<u8>().prop_map(Damage::Insert),
        Just(Damage::Cut),
        Just(Damage::Double),
    ];
    let scalar = weighted(0.1, (any::<Index>(), select(SCALARS)));
    let damage = weighted(0.05, (damage, any::<Index>()));
    (any::<Index>(), text, number, scalar, damage)
        .prop_map(|(kind, text, number, scalar, damage)| Own { kind, text, number, scalar, damage })
}

impl Own {
    fn event(&self, kind: &Kind) -> Vec<u8> {
        let mut bytes = kind.lines.clone().into_bytes();
        bytes.extend_from_slice(b"data: ");
        let mut scalars = 0;
        count(&kind.json, &mut scalars);
        let other = self.scalar.filter(|_| scalars > 0);
        let mut at = other.map_or(usize::MAX, |(at, _)| at.index(scalars));
        self.write(&kind.json, &mut at, &mut bytes);
        bytes.extend_from_slice(kind.end.as_bytes());
        if let Some((damage, at)) = self.damage {
            let at = at.index(bytes.len());
            match damage {
                Damage::Flip(bits) => bytes[at] ^= bits,
                Damage::Insert(byte) => bytes.insert(at, byte),
                Damage::Cut => bytes.truncate(at),
                Damage::Double => bytes.extend_from_within(at..),
            }
        }
        bytes
    }

    /// Writes JSON in which the scalar number `other` is another.
    fn write(&self, json: &Json, other: &mut usize, out: &mut Vec<u8>) {
        match json {
            Scalar(scalar) => {
                let is_other = *other == 0;
                *other = other.wrapping_sub(1);
                let scalar = match self.scalar {
                    Some((_, another)) if is_other => another,
                    _ => scalar,
                };
                out.extend_from_slice(match scalar {
                    TEXT if self.text != TEXT && self.text != NUMBER => self.text,
                    NUMBER if self.number != TEXT && self.number != NUMBER => self.number,
                    TEXT => b"\"b\"",
                    NUMBER => b"2",
                    scalar => scalar,
                });
            }
            Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    out.push(if index == 0 { b'[' } else { b',' });
                    self.write(value, other, out);
                }
                out.extend_from_slice(if values.is_empty() { b"[]" } else { b"]" });
            }
            Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push(if index == 0 { b'{' } else { b',' });
                    out.extend_from_slice(format!("\"{name}\":").as_bytes());
                    self.write(value, other, out);
                }
                out.extend_from_slice(if members.is_empty() { b"{}" } else { b"}" });
            }
        }
    }
}

fn count(json: &Json, scalars: &mut usize) {
    match json {
        Scalar(_) => *scalars += 1,
        Array(values) => values.iter().for_each(|value| count(value, scalars)),
        Object(members) => members.iter().for_each(|(_, value)| count(value, scalars)),
    }
}
