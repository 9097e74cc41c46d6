//! Junk: names, paths, headers, keys and methods that nobody should send and anybody can.

use crate::dice::Dice;

/// What names are made of.
const PIECES: [&str; 8] = ["a", "Ω", "\"", "\\", "\n", "\u{0}", "{le=\"+Inf\"} 1", "模型"];

/// A model name that has not been there before, of up to some hundred bytes.
pub(crate) fn name(dice: &mut Dice) -> String {
    let piece = dice.pick(&PIECES).repeat(dice.below(30));
    format!("{piece}{:x}", dice.next())
}

/// A request, and what Weir must make of it.
pub(crate) struct Junk {
    pub(crate) bytes: Vec<u8>,
    pub(crate) is: Is,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Is {
    /// Work for a model.
    Metered,
    /// No work for a model.
    PassedThrough,
    /// No HTTP: it is refused, and the connection ends.
    Nonsense,
}

pub(crate) fn request(dice: &mut Dice) -> Junk {
    let metered = |bytes| Junk { bytes, is: Is::Metered };
    let passed = |bytes| Junk { bytes, is: Is::PassedThrough };
    match dice.below(1000) {
        0 => metered(chat(dice, "/v1/chat/completions", &"x".repeat(1 << 20))),
        1 => Junk { bytes: nonsense(dice), is: Is::Nonsense },
        2..100 => metered(raw_model(dice)),
        100..200 => {
            let model = token(dice, 200);
            let path = format!("/openai/deployments/{model}/chat/completions");
            metered(chat(dice, &path, "ignored"))
        }
        200..300 => {
            let path = format!("/v1/{}/{}", token(dice, 40), token(dice, 2000));
            metered(chat(dice, &path, "m"))
        }
        300..400 => {
            let path = format!("/{}?{}", token(dice, 2000), token(dice, 500));
            passed(head(dice, "GET", &path, None))
        }
        400..500 => {
            let method = dice.pick(&["BREW", "PROPFIND", "M-SEARCH", "DELETE", "PUT"]);
            let method = format!("{method}{}", dice.below(1000));
            passed(head(dice, &method, "/v1/chat/completions", None))
        }
        500..600 => {
            let path = format!("/v1/completions?model={}", token(dice, 300));
            metered(chat(dice, &path, "m"))
        }
        _ => {
            let name = name(dice);
            metered(chat(dice, "/v1/chat/completions", &name))
        }
    }
}

/// Characters of a path or a header's name.
fn token(dice: &mut Dice, most: usize) -> String {
    const SET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-_.~%";
    let mut text: String = (0..dice.below(most)).map(|_| char::from(*dice.pick(SET))).collect();
    text.push_str(&format!("{:x}", dice.next()));
    text
}

/// A head with junk in its headers, and a key that is none.
fn head(dice: &mut Dice, method: &str, path: &str, length: Option<usize>) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n").into_bytes();
    let key = format!("sk-{:x}", dice.next());
    match dice.below(3) {
        0 => head.extend(format!("authorization: Bearer {key}\r\n").into_bytes()),
        1 => head.extend(format!("x-api-key: {key}\r\n").into_bytes()),
        _ => head.extend(format!("authorization: Basic {key}\r\n").into_bytes()),
    }
    for _ in 0..dice.below(8) {
        head.extend(format!("x-{}: ", token(dice, 20).replace(['%', '~'], "-")).into_bytes());
        // Any byte that is no control character may stand in a value.
        head.extend((0..dice.below(60)).map(|_| 0x80 | (dice.next() >> 20) as u8));
        head.extend(b"\r\n");
    }
    if let Some(length) = length {
        head.extend(format!("content-length: {length}\r\n").into_bytes());
    }
    head.extend(b"\r\n");
    head
}

fn post(dice: &mut Dice, path: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = head(dice, "POST", path, Some(body.len()));
    bytes.extend(body);
    bytes
}

fn chat(dice: &mut Dice, path: &str, model: &str) -> Vec<u8> {
    let body = serde_json::json!({"messages": [], "model": model, "stream": dice.one_in(4)});
    post(dice, path, body.to_string().as_bytes())
}

/// A name that is neither JSON nor UTF-8.
fn raw_model(dice: &mut Dice) -> Vec<u8> {
    let mut body = b"{\"model\":\"".to_vec();
    let noise = (0..dice.below(100)).map(|_| (dice.next() >> 24) as u8);
    body.extend(noise.filter(|byte| *byte != b'"' && *byte != b'\\'));
    body.extend(b"\",\"messages\":[]}");
    post(dice, "/v1/chat/completions", &body)
}

fn nonsense(dice: &mut Dice) -> Vec<u8> {
    match dice.below(3) {
        0 => b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no TLS here\r\n\r\n".to_vec(),
        1 => format!("GET /{} HTTP/1.1\r\nno colon\r\n\r\n", token(dice, 20)).into_bytes(),
        _ => format!("{} / HTTP/9.9\r\n\r\n", token(dice, 20)).into_bytes(),
    }
}
