use proptest::prelude::*;

use super::*;

/// A frame; `first` is its opcode with the bits before it.
fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    let masked = if mask.is_some() { 0x80 } else { 0 };
    match payload.len() {
        length @ 0..126 => frame.push(masked | length as u8),
        length @ 126..0x1_0000 => {
            frame.push(masked | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(masked | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    let mask = mask.inspect(|mask| frame.extend(mask)).unwrap_or_default();
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

const LIMIT: usize = 300;

/// Every message in words.
fn read(stream: &[u8], size: usize) -> Vec<String> {
    let mut frames = Frames::new(LIMIT);
    let mut seen = Vec::new();
    for piece in stream.chunks(size) {
        frames.push(piece, |message| {
            seen.push(match message {
                Message::Text(text) => format!("text {}", text.escape_ascii()),
                other => format!("{other:?}"),
            });
        });
        assert!(frames.text.capacity() <= LIMIT, "{} bytes held", frames.text.capacity());
    }
    seen
}

fn check(frames: &[Vec<u8>], expected: &[&str]) {
    let stream = frames.concat();
    for size in 1..=stream.len() {
        assert_eq!(read(&stream, size), expected, "in pieces of {size}");
    }
}

const MASK: Option<[u8; 4]> = Some([0x12, 0xff, 0x00, 0x7a]);

#[test]
fn the_examples_of_the_rfc() {
    check(&[b"\x81\x05Hello".to_vec()], &["text Hello"]);
    check(&[b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58".to_vec()], &["text Hello"]);
    check(&[b"\x01\x03Hel\x80\x02lo".to_vec()], &["text Hello"]);
    check(
        &[b"\x89\x05Hello\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58".to_vec()],
        &["Ping", "Pong"],
    );
}

#[test]
fn lengths_of_every_kind() {
    for length in [0, 1, 125, 126, 127, 255, 256, 300] {
        let text = vec![b'x'; length];
        let expected = format!("text {}", "x".repeat(length));
        for mask in [None, MASK] {
            check(&[frame(0x81, mask, &text)], &[&expected]);
        }
    }
    let large = frame(0x82, MASK, &vec![b'x'; 70_000]);
    for size in [1, 1000, large.len()] {
        assert_eq!(read(&large, size), ["Binary { len: 70000 }"]);
    }
    // A length may be written longer than it must.
    check(&[b"\x81\x7e\0\x01a\x81\x7f\0\0\0\0\0\0\0\x01b".to_vec()], &["text a", "text b"]);
}

#[test]
fn control_frames_may_come_between_fragments() {
    check(
        &[
            frame(0x01, MASK, b"a"),
            frame(0x89, MASK, b"ping"),
            frame(0x00, MASK, b""),
            frame(0x8a, None, b""),
            frame(0x80, Some([1, 2, 3, 4]), b"bc"),
            frame(0x02, None, b"abc"),
            frame(0x80, None, b"de"),
            frame(0x81, None, b"d"),
        ],
        &["Ping", "Pong", "text abc", "Binary { len: 5 }", "text d"],
    );
}

#[test]
fn text_over_the_limit_is_passed_over() {
    check(
        &[
            frame(0x81, MASK, &[b'x'; LIMIT + 1]),
            frame(0x81, None, b"a"),
            frame(0x01, None, &[b'x'; LIMIT]),
            frame(0x89, None, b""),
            frame(0x00, None, b"x"),
            frame(0x80, None, b"x"),
            frame(0x01, None, b"b"),
            frame(0x80, None, b"c"),
        ],
        &["TooLarge", "text a", "Ping", "TooLarge", "text bc"],
    );
}

#[test]
fn nothing_follows_a_close() {
    let after = frame(0x81, None, b"a");
    for mask in [None, MASK] {
        check(&[frame(0x88, mask, b""), after.clone()], &["Close { code: None }"]);
        check(&[frame(0x88, mask, b"\x03"), after.clone()], &["Close { code: None }"]);
        let close = frame(0x88, mask, b"\x03\xe8bye");
        check(&[close.clone(), after.clone()], &["Close { code: Some(1000) }"]);
        let ping = frame(0x89, mask, b"\xff\xff");
        check(&[ping, close, after.clone()], &["Ping", "Close { code: Some(1000) }"]);
    }
}

#[test]
fn what_cannot_be_read_is_said_once() {
    let text = frame(0x81, None, b"a");
    for bad in [
        frame(0xc1, None, b"compressed"),
        frame(0xa1, None, b"a"),
        frame(0x91, None, b"a"),
        frame(0x83, None, b"a"),
        frame(0x8b, None, b"a"),
        frame(0x80, None, b"goes on what never began"),
        frame(0x09, None, b"a control frame in parts"),
        frame(0x89, None, &[b'x'; 126]),
        b"\x81\x7f\x80\0\0\0\0\0\0\0".to_vec(),
        b"HTTP/1.1 400".to_vec(),
    ] {
        check(&[text.clone(), bad, text.clone()], &["text a", "Unreadable"]);
    }
    let within = [frame(0x01, None, b"a"), text.clone(), text];
    check(&within, &["Unreadable"]);
}

#[test]
fn memory_of_a_large_message_is_given_back() {
    let mut frames = Frames::new(1 << 20);
    frames.push(&frame(0x81, None, &vec![b'x'; 900_000]), |_| {});
    assert!(frames.text.capacity() <= KEEP);
    // What is only announced takes no memory.
    frames.push(b"\x81\x7f\0\0\0\0\0\x0f\0\0x", |_| {});
    assert!(frames.text.capacity() <= KEEP);
}

proptest! {
    #[test]
    fn random_bytes_mean_the_same_in_every_cut(
        frames in prop::collection::vec((
            prop::sample::select(&[0x81_u8, 0x01, 0x00, 0x80, 0x82, 0x02, 0x89, 0x8a, 0x88, 0xc1][..]),
            any::<Option<[u8; 4]>>(),
            prop::collection::vec(any::<u8>(), 0..400),
        ), 0..12),
        tail in prop::collection::vec(any::<u8>(), 0..40),
        size in 1..200_usize,
    ) {
        let mut stream: Vec<u8> =
            frames.iter().flat_map(|(first, mask, payload)| frame(*first, *mask, payload)).collect();
        stream.extend(tail);
        prop_assert_eq!(read(&stream, usize::MAX), read(&stream, size));
    }
}
