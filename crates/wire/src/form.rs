//! The fields of a `multipart/form-data` body, found while its bytes pass by: files are passed
//! over, however large.
//!
//! Sources: [RFC 7578](https://www.rfc-editor.org/rfc/rfc7578) and, for the boundaries,
//! [RFC 2046, 5.1.1](https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1). Lines may end in LF
//! alone, as servers take them too.

mod boundary;
mod parameters;
mod part;
#[cfg(test)]
mod tests;

use memchr::memchr;

use crate::wanted::{Found, Kept, Slot, Wanted};
use boundary::{Boundary, Line};

/// Bytes that the header lines of one part may take.
const HEADERS_LIMIT: usize = 8 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the preamble, or in a part's content.
    Content,
    Headers,
    /// Behind the last boundary.
    Done,
    Invalid,
}

/// The scan of one body. Besides the values that are wanted it holds at most the header lines of
/// one part or the beginning of what may be a boundary.
#[derive(Debug)]
pub(crate) struct Form {
    kept: Kept,
    state: State,
    boundary: Boundary,
    headers: Vec<u8>,
    /// The part that is being kept: its index among the wanted, and what is there of its value.
    part: Option<(usize, Slot)>,
}

impl Form {
    /// A scan for a body of this `content-type`; `None` if it is no form, or names no boundary
    /// that can be one.
    pub(crate) fn of(content_type: &str, wanted: &'static [Wanted]) -> Option<Self> {
        let (kind, parameters) = parameters::word(content_type.as_bytes());
        if !kind.eq_ignore_ascii_case(b"multipart/form-data") {
            return None;
        }
        let parameters = parameters::read(parameters);
        let boundary = parameters::value(parameters, "boundary")?;
        Some(Self {
            kept: Kept::new(wanted),
            state: State::Content,
            boundary: Boundary::new(&boundary)?,
            headers: Vec::new(),
            part: None,
        })
    }

    /// Forgets what it has read: the body comes once more.
    pub(crate) fn restart(&mut self) {
        self.kept.restart();
        self.state = State::Content;
        self.boundary.restart();
        self.headers = Vec::new();
        self.part = None;
    }

    /// The value of the wanted field with this index, once its part has ended. Of a repeated one the last counts. It
    /// may have come as a file: what a browser makes of a `Blob`.
    pub(crate) fn at(&self, index: usize) -> Found<'_> {
        self.kept.at(index)
    }

    /// Whether the last boundary has come.
    pub(crate) fn is_complete(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the body is broken, so that the rest of it is not read.
    #[cfg(test)]
    pub(crate) fn is_invalid(&self) -> bool {
        self.state == State::Invalid
    }

    /// Reads on.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = match self.state {
                State::Content => self.content(bytes),
                State::Headers => self.header_line(bytes),
                State::Done | State::Invalid => return,
            };
            bytes = &bytes[taken..];
        }
    }

    /// In content; returns how many bytes were taken.
    fn content(&mut self, bytes: &[u8]) -> usize {
        let (part, kept) = (&mut self.part, &self.kept);
        let (taken, line) = self.boundary.push(bytes, |content| {
            if let Some((index, slot)) = part {
                slot.keep(content, kept.limit(*index));
            }
        });
        if line != Line::Content {
            if let Some((index, slot)) = self.part.take() {
                self.kept.set(index, &slot);
            }
            self.state = if line == Line::Last { State::Done } else { State::Headers };
        }
        taken
    }

    /// In the headers of a part; returns how many bytes were taken.
    fn header_line(&mut self, bytes: &[u8]) -> usize {
        let line_end = memchr(b'\n', bytes);
        let taken = line_end.map_or(bytes.len(), |at| at + 1);
        if self.headers.len() + taken > HEADERS_LIMIT {
            self.fail();
            return taken;
        }
        self.headers.extend_from_slice(&bytes[..taken]);
        if line_end.is_some() && ends_in_blank_line(&self.headers) {
            self.begin_part();
        }
        taken
    }

    fn begin_part(&mut self) {
        let headers = std::mem::take(&mut self.headers);
        let Ok(name) = part::name(&headers) else { return self.fail() };
        let index = name.and_then(|name| self.kept.index_of(&name));
        self.part = index.map(|index| (index, Slot::begun()));
        self.boundary.begin_line();
        self.state = State::Content;
    }

    fn fail(&mut self) {
        self.state = State::Invalid;
        self.headers = Vec::new();
        self.part = None;
    }
}

fn ends_in_blank_line(headers: &[u8]) -> bool {
    let Some(rest) = headers.strip_suffix(b"\n") else { return false };
    let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
    rest.is_empty() || rest.ends_with(b"\n")
}
