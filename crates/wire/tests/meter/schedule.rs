//! When the bytes of a case come: a fixed schedule, so that every time in an expectation is exact.
//!
//! Connected in 2 ms; the request is handed on at 10 ms; what stands before the first blank line of
//! the answer's body comes at 100 ms and every further block 10 ms after the one before, or
//! `events_per_read` blocks at once; the end is 10 ms after the last byte.

use std::time::Duration;

pub(crate) const CONNECT: Duration = Duration::from_millis(2);
pub(crate) const SENT: Duration = Duration::from_millis(10);
pub(crate) const FIRST: Duration = Duration::from_millis(100);
pub(crate) const STEP: Duration = Duration::from_millis(10);

/// Cuts a body behind every blank line, in the simplest way that can be right.
pub(crate) fn blocks(body: &[u8]) -> Vec<&[u8]> {
    let mut blocks = Vec::new();
    let mut start = 0;
    for end in 1..=body.len() {
        let seen = &body[..end];
        let line_feed_follows = body.get(end) == Some(&b'\n');
        let ends = seen.ends_with(b"\n\n")
            || seen.ends_with(b"\r\n\r\n")
            || (seen.ends_with(b"\r\r") && !line_feed_follows);
        if ends {
            blocks.push(&body[start..end]);
            start = end;
        }
    }
    if start < body.len() {
        blocks.push(&body[start..]);
    }
    blocks
}

/// The pieces of an answer with their instants.
pub(crate) fn pieces(body: &[u8], events_per_read: usize) -> Vec<(Duration, &[u8])> {
    let blocks = blocks(body);
    let mut at = FIRST;
    let mut start = 0;
    let mut pieces = Vec::new();
    for read in blocks.chunks(events_per_read) {
        let end = start + read.iter().map(|block| block.len()).sum::<usize>();
        pieces.push((at, &body[start..end]));
        start = end;
        at += STEP;
    }
    pieces
}
