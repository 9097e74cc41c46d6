use std::io::Write;

use ::brotli;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;

use super::*;

const CODINGS: [&str; 5] = ["gzip", "deflate", "raw", "br", "zstd"];
const PLENTY: u64 = 64 << 20;

const EVENTS: &[&str] = &[
    "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\n",
    ": keep-alive\n\n",
    "data: [DONE]\n\n",
];

/// The body as a server sends it that flushes behind every event: one piece for each, and what
/// ends the stream.
fn flushed(coding: &str, events: &[&[u8]]) -> Vec<Vec<u8>> {
    fn pieces<W: Write>(
        mut writer: W,
        events: &[&[u8]],
        mut take: impl FnMut(&mut W) -> Vec<u8>,
        finish: impl FnOnce(W) -> Vec<u8>,
    ) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        for event in events {
            writer.write_all(event).unwrap();
            writer.flush().unwrap();
            pieces.push(take(&mut writer));
        }
        pieces.push(finish(writer));
        pieces
    }
    let level = Compression::default();
    let take = std::mem::take::<Vec<u8>>;
    match coding {
        "gzip" => pieces(
            GzEncoder::new(vec![], level),
            events,
            |w| take(w.get_mut()),
            |w| w.finish().unwrap(),
        ),
        "deflate" => pieces(
            ZlibEncoder::new(vec![], level),
            events,
            |w| take(w.get_mut()),
            |w| w.finish().unwrap(),
        ),
        "raw" => pieces(
            DeflateEncoder::new(vec![], level),
            events,
            |w| take(w.get_mut()),
            |w| w.finish().unwrap(),
        ),
        "br" => pieces(
            brotli::CompressorWriter::new(vec![], 4096, 5, 22),
            events,
            |w| take(w.get_mut()),
            |w| w.into_inner(),
        ),
        "zstd" => pieces(
            ::zstd::Encoder::new(vec![], 3).unwrap(),
            events,
            |w| take(w.get_mut()),
            |w| w.finish().unwrap(),
        ),
        other => panic!("no such coding: {other}"),
    }
}

fn encoded(coding: &str, body: &[u8]) -> Vec<u8> {
    flushed(coding, &[body]).concat()
}

fn decoder(coding: &str, limit: u64) -> Decoder {
    Decoder::of(if coding == "raw" { "deflate" } else { coding }, limit).unwrap()
}

/// What comes out, how it ended, and whether it was complete.
type Decoded = (Vec<u8>, Result<(), Undecodable>, bool);

fn decode<'a>(coding: &str, limit: u64, pieces: impl IntoIterator<Item = &'a [u8]>) -> Decoded {
    let mut decoder = decoder(coding, limit);
    let mut out = Vec::new();
    let mut result = Ok(());
    for piece in pieces {
        result = decoder.decode(piece, |bytes| {
            assert!(!bytes.is_empty() && bytes.len() <= BLOCK);
            out.extend_from_slice(bytes);
        });
    }
    (out, result, decoder.is_complete())
}

fn check(coding: &str, stream: &[u8], expected: &[u8], complete: bool) {
    let expected = (expected.to_vec(), Ok(()), complete);
    for size in 1..=stream.len().max(1) {
        assert_eq!(decode(coding, PLENTY, stream.chunks(size)), expected, "{coding} in {size}");
    }
    for cut in 0..=stream.len() {
        let (front, back) = stream.split_at(cut);
        assert_eq!(decode(coding, PLENTY, [front, back]), expected, "{coding} cut at {cut}");
    }
}

#[test]
fn every_coding_and_every_cut() {
    let body = EVENTS.concat();
    for coding in CODINGS {
        check(coding, &encoded(coding, body.as_bytes()), body.as_bytes(), true);
        check(coding, &encoded(coding, b""), b"", true);
    }
}

#[test]
fn what_is_flushed_comes_out_with_its_piece() {
    let events: Vec<_> = EVENTS.iter().map(|event| event.as_bytes()).collect();
    for coding in CODINGS {
        let mut decoder = decoder(coding, PLENTY);
        let pieces = flushed(coding, &events);
        for (piece, event) in pieces.iter().zip(&events) {
            let mut out = Vec::new();
            decoder.decode(piece, |bytes| out.extend_from_slice(bytes)).unwrap();
            assert_eq!(&out, event, "{coding}");
            assert!(!decoder.is_complete(), "{coding}");
        }
        decoder.decode(&pieces[events.len()], |_| {}).unwrap();
        assert!(decoder.is_complete(), "{coding}");
    }
}

#[test]
fn large_bodies_come_in_blocks() {
    let mut state = 1_u32;
    let noise = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 28) as u8 + b'a'
    };
    let body: Vec<u8> = (0..300_000).map(noise).collect();
    for coding in CODINGS {
        let stream = encoded(coding, &body);
        for size in [1, 7, 1000, BLOCK, stream.len()] {
            let (out, result, complete) = decode(coding, PLENTY, stream.chunks(size));
            assert!(out == body && result.is_ok() && complete, "{coding} in {size}");
        }
    }
}

#[test]
fn a_cut_stream_is_not_complete() {
    let body = EVENTS.concat();
    for coding in CODINGS {
        let stream = encoded(coding, body.as_bytes());
        for end in 0..stream.len() {
            let (out, result, complete) = decode(coding, PLENTY, [&stream[..end]]);
            assert!(body.as_bytes().starts_with(&out) && result.is_ok(), "{coding} until {end}");
            assert!(!complete, "{coding} until {end} of {}", stream.len());
        }
    }
}

#[test]
fn what_follows_the_end_is_nobodys() {
    for coding in CODINGS {
        for tail in [&b"\0\0\0\0"[..], b"garbage", b"\x1f", b"\x1fx", b"\x28\xb5\x2f", b"Q*M\x19"] {
            let stream = [&encoded(coding, b"body"), tail].concat();
            check(coding, &stream, b"body", true);
        }
    }
}

#[test]
fn several_members_and_frames_are_one_body() {
    let gzip = [encoded("gzip", b"a"), encoded("gzip", b""), encoded("gzip", b"b")].concat();
    check("gzip", &gzip, b"ab", true);
    check("gzip", &[&gzip[..], &GZIP_START].concat(), b"ab", false);

    let skippable = b"\x5f\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    let parts = [skippable, encoded("zstd", b"a"), encoded("zstd", b"b")];
    check("zstd", &parts.concat(), b"ab", true);
    check("zstd", &[&parts.concat()[..], &[0x28, 0xb5, 0x2f, 0xfd]].concat(), b"ab", false);
}

const GZIP_START: [u8; 4] = [0x1f, 0x8b, 8, 0];

#[test]
fn a_gzip_header_may_say_more() {
    let mut stream = GzBuilder::new()
        .filename("name")
        .comment("comment")
        .extra(vec![b'x'; 5000])
        .write(vec![], Compression::fast());
    stream.write_all(b"body").unwrap();
    let stream = stream.finish().unwrap();
    let (out, result, complete) = decode("gzip", PLENTY, stream.chunks(3));
    assert_eq!((out.as_slice(), result, complete), (&b"body"[..], Ok(()), true));
}

#[test]
fn names_of_codings() {
    for name in ["gzip", "GZip", "x-gzip", " br ", "identity, zstd", "deflate,", "identity,br,"] {
        assert!(Decoder::of(name, 1).is_some(), "{name}");
    }
    for name in ["", "identity", "compress", "gzip, br", "gzip gzip", "*", "zstd;q=1"] {
        assert!(Decoder::of(name, 1).is_none(), "{name}");
    }
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let body = vec![b'x'; 200_000];
    for coding in CODINGS {
        let stream = encoded(coding, &body);
        for limit in [0, 1, BLOCK - 1, BLOCK, 100_000, 199_999] {
            for size in [1, 5, stream.len()] {
                let (out, result, complete) = decode(coding, limit as u64, stream.chunks(size));
                assert_eq!(out.len(), limit, "{coding} in {size}");
                assert_eq!((result, complete), (Err(Undecodable::TooLarge), false), "{coding}");
            }
        }
        let (out, result, complete) = decode(coding, 200_000, [stream.as_slice()]);
        assert!(out == body && result.is_ok() && complete, "{coding}");
    }
}

#[test]
fn zstd_windows_are_at_most_8_mib() {
    for (log, expected) in [(23, Ok(())), (24, Err(Undecodable::Malformed))] {
        let mut encoder = ::zstd::Encoder::new(vec![], 1).unwrap();
        encoder.set_parameter(::zstd::zstd_safe::CParameter::WindowLog(log)).unwrap();
        encoder.write_all(b"body").unwrap();
        encoder.flush().unwrap();
        let stream = encoder.finish().unwrap();
        assert_eq!(decode("zstd", PLENTY, [stream.as_slice()]).1, expected, "{log}");
    }
}

#[test]
fn brotli_has_no_large_window() {
    let params =
        brotli::enc::BrotliEncoderParams { large_window: true, lgwin: 26, ..Default::default() };
    let mut stream = Vec::new();
    brotli::BrotliCompress(&mut &b"body"[..], &mut stream, &params).unwrap();
    assert_eq!(decode("br", PLENTY, [stream.as_slice()]).1, Err(Undecodable::Malformed));
}

#[test]
fn what_is_not_of_the_coding_is_malformed() {
    for (coding, body) in [
        ("gzip", &b"{\"a\":1}"[..]),
        ("deflate", b"\x07\0"),           // a kind of block that there is not
        ("deflate", b"\x78\x20\0\0\0\0"), // a dictionary that nobody has
        ("zstd", b"{\"a\":1}"),
        ("zstd", b"\x27\xb5\x2f\xfd\0\0"), // a format of before 1.0
    ] {
        for size in 1..=body.len() {
            let (out, result, complete) = decode(coding, PLENTY, body.chunks(size));
            assert!(out.is_empty() && !complete, "{coding} in {size}");
            assert_eq!(result, Err(Undecodable::Malformed), "{coding} in {size}");
        }
    }
}

#[test]
fn a_decoder_can_go_to_another_thread() {
    fn check<T: Send + Sync>() {}
    check::<Decoder>();
}

fn any_stream() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let bodies = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        "(data: [a-e \"]{0,30}\n\n){0,40}".prop_map(String::into_bytes),
    ];
    let broken = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (prop::sample::select(&CODINGS[..]), prop::collection::vec(bodies, 1..4), broken).prop_map(
        |(coding, bodies, broken)| {
            let bodies: Vec<_> = bodies.iter().map(Vec::as_slice).collect();
            let mut stream = flushed(coding, &bodies).concat();
            for (index, byte) in broken {
                let index = index.index(stream.len());
                stream[index] = byte;
            }
            (coding, stream)
        },
    )
}

proptest! {
    #[test]
    fn broken_streams_are_as_broken_in_every_cut((coding, stream) in any_stream()) {
        let limit = 1 << 20;
        let whole = decode(coding, limit, [stream.as_slice()]);
        prop_assert!(whole.0.len() as u64 <= limit);
        for size in [1, 2, 3, 7, 100] {
            let cut = decode(coding, limit, stream.chunks(size));
            let same = cut == whole || (coding == "br" && (whole.1.is_err() || cut.1.is_err()));
            prop_assert!(same, "{} in {}: {} {:?} and {} {:?}", coding, size,
                cut.0.len(), cut.1, whole.0.len(), whole.1);
        }
    }

    #[test]
    fn random_bytes_are_no_danger(
        coding in prop::sample::select(&CODINGS[..]),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let whole = decode(coding, 10_000, [bytes.as_slice()]);
        let cut = decode(coding, 10_000, bytes.chunks(1));
        prop_assert!(whole.0.len() <= 10_000 && cut.0.len() <= 10_000);
        prop_assert!(coding == "br" || whole == cut, "{}: {:?} {:?}", coding, whole, cut);
    }
}
