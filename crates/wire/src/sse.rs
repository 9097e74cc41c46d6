//! Server-sent events, read incrementally from bytes cut anywhere.
//!
//! Source: [the HTML Standard, "Server-sent events"](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation):
//! lines end in LF, CR or CRLF, a blank line ends an event, `data` lines are joined with LF, lines
//! that begin with a colon are comments.

use memchr::memchr2;

/// What stands between two blank lines of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// An event with data.
    Event {
        /// The value of the `event` field; empty where there is none.
        name: &'a [u8],
        /// The value of the `data` fields, joined with LF.
        data: &'a [u8],
    },
    /// Comments, blank lines or fields without data: nothing that a client would be told of.
    Nothing,
    /// An event larger than the decoder's limit: passed over.
    TooLarge,
    /// The LF of a CRLF whose CR ended the frame before.
    LineFeed,
}

/// Cuts a stream of bytes into [`Frame`]s. It holds at most one incomplete event.
///
/// ```
/// use weir_wire::sse::{Decoder, Frame};
///
/// let mut decoder = Decoder::new(1024);
/// let mut seen = Vec::new();
/// for piece in [&b"data: {\"a\""[..], b":1}\r", b"\n\r\n: ping\n\nda"] {
///     decoder.push(piece, |_end, frame| {
///         if let Frame::Event { data, .. } = frame {
///             seen.push(data.to_vec());
///         }
///     });
/// }
/// assert_eq!(seen, [br#"{"a":1}"#]);
/// ```
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    /// Bytes of the incomplete frame, unless it is too large already.
    carry: Vec<u8>,
    too_large: bool,
    /// Whether the current line has any byte.
    in_line: bool,
    /// The byte before was a CR: an LF now belongs to it.
    after_cr: bool,
    /// That CR ended a frame.
    after_frame: bool,
    /// The start of the stream, where a byte order mark may stand, has not been passed.
    at_start: bool,
    joined: Vec<u8>,
}

/// Memory that is kept for the next frame; more is given back.
const KEEP: usize = 16 << 10;

impl Decoder {
    /// A decoder that passes over events of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            carry: Vec::new(),
            too_large: false,
            in_line: false,
            after_cr: false,
            after_frame: false,
            at_start: true,
            joined: Vec::new(),
        }
    }

    /// Reads on. `each` is called for every frame that ends in `bytes`, with the offset in `bytes`
    /// just behind the frame.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(usize, Frame<'_>)) {
        let mut at = 0;
        while at < bytes.len() {
            at = self.next_frame(bytes, at, |end, _, frame| each(end, frame));
        }
    }

    /// Bytes of the largest event that is read.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Whether what comes next is the beginning of a frame, but not of the stream.
    pub(crate) fn is_between_frames(&self) -> bool {
        self.carry.is_empty() && !self.too_large && !self.after_cr && !self.at_start
    }

    /// Reads on from an offset to the end of a frame or of the bytes, and tells where that is. `each`
    /// is called at the end of a frame, with all of its bytes too.
    pub(crate) fn next_frame(
        &mut self,
        bytes: &[u8],
        start: usize,
        each: impl FnOnce(usize, &[u8], Frame<'_>),
    ) -> usize {
        let mut at = start;
        while at < bytes.len() {
            let after_cr = std::mem::take(&mut self.after_cr);
            if after_cr && bytes[at] == b'\n' {
                at += 1;
                if std::mem::take(&mut self.after_frame) {
                    each(at, &[], Frame::LineFeed);
                    return at;
                }
                continue;
            }
            self.after_frame = false;
            let Some(found) = memchr2(b'\n', b'\r', &bytes[at..]) else {
                self.in_line = true;
                break;
            };
            let blank = found == 0 && !self.in_line;
            self.in_line = false;
            at += found + 1;
            self.after_cr = bytes[at - 1] == b'\r';
            if !blank {
                continue;
            }
            // A CRLF that is here whole ends the frame with its LF.
            if self.after_cr && bytes.get(at) == Some(&b'\n') {
                at += 1;
                self.after_cr = false;
            }
            self.after_frame = self.after_cr;
            self.end_frame(&bytes[start..at], |bytes, frame| each(at, bytes, frame));
            return at;
        }
        self.hold(&bytes[start..]);
        bytes.len()
    }

    /// The stream has ended: reads what stands behind the last blank line, which a strict client
    /// would not be told of but many servers mean as an event.
    pub fn finish(&mut self, each: impl FnOnce(Frame<'_>)) {
        if !self.carry.is_empty() || self.too_large {
            self.end_frame(&[], |_, frame| each(frame));
        }
    }

    fn hold(&mut self, rest: &[u8]) {
        if self.too_large || rest.is_empty() {
            return;
        }
        if self.carry.len() + rest.len() > self.limit {
            self.too_large = true;
            self.carry = Vec::new();
        } else {
            self.carry.extend_from_slice(rest);
        }
    }

    fn end_frame(&mut self, rest: &[u8], each: impl FnOnce(&[u8], Frame<'_>)) {
        let at_start = std::mem::replace(&mut self.at_start, false);
        // The LF of a last CRLF may come later: it must not decide.
        let size = self.carry.len() + rest.len() - usize::from(rest.ends_with(b"\r\n"));
        if std::mem::take(&mut self.too_large) || size > self.limit {
            self.carry = Vec::new();
            each(&[], Frame::TooLarge);
            return;
        }
        if self.carry.is_empty() {
            each(rest, read_frame(rest, at_start, &mut self.joined));
        } else {
            self.carry.extend_from_slice(rest);
            each(&self.carry, read_frame(&self.carry, at_start, &mut self.joined));
            self.carry.clear();
        }
        self.carry.shrink_to(KEEP);
        self.joined.clear();
        self.joined.shrink_to(KEEP);
    }
}

fn read_frame<'a>(mut block: &'a [u8], at_start: bool, joined: &'a mut Vec<u8>) -> Frame<'a> {
    if at_start {
        block = block.strip_prefix(b"\xef\xbb\xbf").unwrap_or(block);
    }
    let mut name: &[u8] = &[];
    let mut data: Option<&[u8]> = None;
    let mut several = false;
    for line in lines(block) {
        let (field, value) = split_field(line);
        match field {
            b"event" => name = value,
            b"data" => {
                match data {
                    None => data = Some(value),
                    Some(first) => {
                        if !several {
                            joined.extend_from_slice(first);
                        }
                        several = true;
                        joined.push(b'\n');
                        joined.extend_from_slice(value);
                    }
                };
            }
            _ => {}
        }
    }
    match data {
        None => Frame::Nothing,
        Some(_) if several => Frame::Event { name, data: joined },
        Some(data) => Frame::Event { name, data },
    }
}

/// Lines without their ends; a CRLF makes an empty line more, which says nothing.
fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = block;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(line)
    })
    .filter(|line| !line.is_empty())
}

fn split_field(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().take(16).position(|byte| *byte == b':') {
        None => (line, &[]),
        Some(colon) => {
            let value = &line[colon + 1..];
            (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and data of all events, with the stream cut in pieces of `size` bytes.
    fn decode(stream: &[u8], size: usize) -> Vec<(String, String)> {
        let mut decoder = Decoder::new(64);
        let mut seen = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for piece in stream.chunks(size) {
            decoder.push(piece, |_, frame| match frame {
                Frame::Event { name, data } => seen.push((text(name), text(data))),
                Frame::TooLarge => seen.push(("too large".into(), String::new())),
                Frame::Nothing | Frame::LineFeed => {}
            });
        }
        decoder.finish(|frame| {
            if let Frame::Event { name, data } = frame {
                seen.push((text(name), text(data)));
            }
        });
        seen
    }

    fn check(stream: &[u8], expected: &[(&str, &str)]) {
        for size in 1..=stream.len() {
            let seen = decode(stream, size);
            let seen: Vec<_> = seen.iter().map(|(n, d)| (n.as_str(), d.as_str())).collect();
            assert_eq!(seen, expected, "cut in pieces of {size}");
        }
    }

    #[test]
    fn every_line_end_and_every_cut() {
        check(b"data: a\n\nevent: x\ndata:b\n\n", &[("", "a"), ("x", "b")]);
        check(b"data: a\r\n\r\nevent: x\r\ndata:b\r\n\r\n", &[("", "a"), ("x", "b")]);
        check(b"data: a\r\revent: x\rdata:b\r\r", &[("", "a"), ("x", "b")]);
    }

    #[test]
    fn data_lines_join_and_only_one_space_goes() {
        check("data:  ä\ndata\ndata: c\n\n".as_bytes(), &[("", " ä\n\nc")]);
    }

    #[test]
    fn a_name_without_a_value_is_no_name() {
        check(
            b"event: x\nevent\ndata: a\n\nevent: x\nevents\ndata: b\n\n",
            &[("", "a"), ("x", "b")],
        );
    }

    #[test]
    fn comments_other_fields_and_blank_lines_are_nothing() {
        check(b"\n\n: ping\n\nid: 7\nretry: 1\n\ndata: a\n\n\n", &[("", "a")]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped_once() {
        check(b"\xef\xbb\xbfdata: a\n\ndata: b\n\n", &[("", "a"), ("", "b")]);
    }

    #[test]
    fn an_event_over_the_limit_is_passed_over() {
        let mut stream = b"data: a\n\ndata: ".to_vec();
        stream.extend([b'x'; 100]);
        stream.extend(b"\n\ndata: b\n\n");
        check(&stream, &[("", "a"), ("too large", ""), ("", "b")]);
    }

    #[test]
    fn the_end_of_the_stream_ends_the_last_event() {
        check(b"data: a\n\ndata: [DONE]", &[("", "a"), ("", "[DONE]")]);
    }

    #[test]
    fn memory_of_a_large_event_is_given_back() {
        let mut decoder = Decoder::new(1 << 20);
        decoder.push(b"data: ", |_, _| {});
        decoder.push(&vec![b'x'; 900_000], |_, _| {});
        decoder.push(b"\n\n", |_, _| {});
        assert!(decoder.carry.capacity() <= KEEP);
    }

    #[test]
    fn offsets_are_where_frames_end() {
        let mut decoder = Decoder::new(64);
        let mut ends = Vec::new();
        decoder.push(b"data: a\r\n\r\n: c\n\ndata: b\r\r", |end, _| ends.push(end));
        assert_eq!(ends, [11, 16, 25]);
        decoder.push(b"\ndata", |end, frame| {
            assert_eq!((end, frame), (1, Frame::LineFeed));
        });
    }
}
