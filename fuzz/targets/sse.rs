//! The decoder of server-sent events.
//!
//! For every stream of bytes:
//! * its events are those that a plain reading of the HTML Standard gives, line by line;
//! * with a limit or without, however it is cut, it gives the same events as in one go;
//! * frames follow one another within their piece;
//! * the decoder never holds more than its limit allows.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_fuzz::dice::Dice;
use weir_fuzz::{by_the_standard, memory};
use weir_wire::sse::{Decoder, Frame};

fuzz_target!(|stream: &[u8]| {
    let mut dice = Dice::of(stream);
    let limit = dice.below(300);
    let ways = [dice.cut(stream), dice.cut(stream)];

    let expected: Vec<_> = by_the_standard(stream).into_iter().map(Some).collect();
    let limited = decode(&[stream], limit);
    for pieces in ways {
        assert_eq!(decode(&pieces, usize::MAX), expected, "cut in {}", lengths(&pieces));
        assert_eq!(decode(&pieces, limit), limited, "limit {limit}, cut in {}", lengths(&pieces));
        assert_bounded(&pieces, limit);
    }
    assert_eq!(decode(&[stream], usize::MAX), expected, "in one go");
});

/// Name and data.
type Event = (Vec<u8>, Vec<u8>);

/// The events, `None` for one over the limit.
fn decode(pieces: &[&[u8]], limit: usize) -> Vec<Option<Event>> {
    let mut decoder = Decoder::new(limit);
    let mut events = Vec::new();
    for piece in pieces {
        let mut last = 0;
        decoder.push(piece, |end, frame| {
            assert!(end > last && end <= piece.len(), "{end} behind {last} in {}", piece.len());
            last = end;
            note(&mut events, &frame);
        });
    }
    decoder.finish(|frame| note(&mut events, &frame));
    events
}

fn note(events: &mut Vec<Option<Event>>, frame: &Frame<'_>) {
    match frame {
        Frame::Event { name, data } => events.push(Some((name.to_vec(), data.to_vec()))),
        Frame::TooLarge => events.push(None),
        Frame::Nothing | Frame::LineFeed => {}
    }
}

/// A frame and its joined data lines, both in a `Vec` that grows twofold.
fn assert_bounded(pieces: &[&[u8]], limit: usize) {
    let before = memory::live();
    let mut decoder = Decoder::new(limit);
    for piece in pieces {
        decoder.push(piece, |_, _| {});
        let held = memory::live() - before;
        assert!(held <= 4 * limit + 64, "{held} bytes held with a limit of {limit}");
    }
}

fn lengths(pieces: &[&[u8]]) -> String {
    let lengths: Vec<_> = pieces.iter().map(|piece| piece.len()).collect();
    format!("pieces of {lengths:?} bytes")
}
