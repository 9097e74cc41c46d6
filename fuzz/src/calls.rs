//! Calls to an exchange, read from any bytes.
//!
//! An input is a row of records with the bytes 0xff 0xfe between two of them, which stand in no text.
//! The first is the request's head; in its first line are the endpoint's name, the path and the words
//! `observe` (nothing may be changed) and `small` (limits of a few hundred bytes). Of every other
//! record the first byte tells the call and the rest is its bytes; with `|` for the two:
//!
//! ```text
//! chat_completions small|r{"stream":t|Rrue}|d|hHTTP/1.1 200 OK…|bdata: …|w10000|bdata: …|e
//! ```

use std::time::Duration;

use crate::head::Head;

const BETWEEN: [u8; 2] = [0xff, 0xfe];

/// One call.
#[derive(Clone, Copy, Debug)]
pub enum Call<'a> {
    /// `r`, and `R` for the last: a piece of the request's body.
    RequestBody(&'a [u8], bool),
    /// `c`: a connection was made.
    Connected,
    /// `d`: the request was handed on.
    RequestSent,
    /// `h`: the answer's head.
    ResponseHead(Head<'a>),
    /// `b`, or any other byte: a piece of the answer's body.
    ResponseBody(&'a [u8]),
    /// `u`: frames of the client of a WebSocket.
    ClientFrames(&'a [u8]),
    /// `e`: the answer's body has ended.
    ResponseEnd,
    /// `x`: the answer broke off.
    TakeHeld,
    /// `s`: the client took no bytes for so many microseconds.
    ClientStall(Duration),
    /// `f`: the request will go on as it was written.
    ForgetUsage,
    /// `t`: the request is sent once more.
    Restart,
    /// `p`: progress is asked for.
    TakeProgress,
    /// `w`: so many microseconds go by.
    Wait(Duration),
}

/// The request's head and the calls.
pub fn read(input: &[u8]) -> (Head<'_>, impl Iterator<Item = Call<'_>>) {
    let mut records = records(input);
    let head = Head::read(records.next().unwrap_or_default());
    (head, records.filter_map(call))
}

/// The records of an input.
pub fn records(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(input);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let end = bytes.windows(2).position(|window| window == BETWEEN);
        rest = end.map(|end| &bytes[end + 2..]);
        Some(&bytes[..end.unwrap_or(bytes.len())])
    })
}

fn call(record: &[u8]) -> Option<Call<'_>> {
    let (kind, bytes) = record.split_first()?;
    Some(match kind {
        b'r' => Call::RequestBody(bytes, false),
        b'R' => Call::RequestBody(bytes, true),
        b'c' => Call::Connected,
        b'd' => Call::RequestSent,
        b'h' => Call::ResponseHead(Head::read(bytes)),
        b'u' => Call::ClientFrames(bytes),
        b'e' => Call::ResponseEnd,
        b'x' => Call::TakeHeld,
        b's' => Call::ClientStall(time(bytes)),
        b'f' => Call::ForgetUsage,
        b't' => Call::Restart,
        b'p' => Call::TakeProgress,
        b'w' => Call::Wait(time(bytes)),
        _ => Call::ResponseBody(bytes),
    })
}

/// Its digits as microseconds, up to a few minutes.
fn time(bytes: &[u8]) -> Duration {
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).take(8);
    Duration::from_micros(digits.fold(0, |time, digit| 10 * time + u64::from(digit - b'0')))
}
