//! The decoder against a plain reading of the HTML Standard's rules, with any cut.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use weir_wire::sse::{Decoder, Frame};

use crate::standard::{Event, by_the_standard};

/// What the decoder saw.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    events: Vec<Event>,
    too_large: usize,
}

impl Seen {
    fn note(&mut self, frame: &Frame<'_>) {
        match frame {
            Frame::Event { name, data } => self.events.push((name.to_vec(), data.to_vec())),
            Frame::TooLarge => self.too_large += 1,
            Frame::Nothing | Frame::LineFeed => {}
        }
    }
}

fn decode(stream: &[u8], limit: usize, points: &[Index]) -> Seen {
    let mut points: Vec<_> = points.iter().map(|point| point.index(stream.len() + 1)).collect();
    points.extend([0, stream.len()]);
    points.sort_unstable();
    let mut decoder = Decoder::new(limit);
    let mut seen = Seen::default();
    for ends in points.windows(2) {
        let piece = &stream[ends[0]..ends[1]];
        let mut last = 0;
        decoder.push(piece, |end, frame| {
            assert!(end > last && end <= piece.len(), "frames follow one another");
            last = end;
            seen.note(&frame);
        });
    }
    decoder.finish(|frame| seen.note(&frame));
    seen
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(
        &[
            "\n", "\n", "\r", "\r\n", "\n\n", "data:", "data: x", "data", "event: e", "event",
            ": c", ":", " ",
        ][..],
    );
    let other = prop_oneof![
        8 => part.prop_map(|part| part.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..4),
        1 => Just(b"\xef\xbb\xbf".to_vec()),
    ];
    vec(other, 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn events_are_those_of_the_standard(
        stream in stream(),
        points in vec(any::<Index>(), 0..12),
    ) {
        let seen = decode(&stream, 1 << 20, &points);
        prop_assert_eq!(seen.too_large, 0);
        prop_assert_eq!(seen.events, by_the_standard(&stream));
    }

    #[test]
    fn the_limit_does_not_depend_on_the_cut(
        stream in stream(),
        limit in 0..24_usize,
        points in vec(any::<Index>(), 0..12),
    ) {
        prop_assert_eq!(decode(&stream, limit, &points), decode(&stream, limit, &[]));
    }
}
