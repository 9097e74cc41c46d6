//! The lines that stand between the parts of a multipart body.

use memchr::memchr;

/// A longer boundary is none: RFC 2046 allows 70 bytes.
const LONGEST: usize = 256;

/// Blanks that may stand behind a boundary, on its line.
const PADDING: usize = 64;

/// What has been reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// No boundary yet.
    Content,
    /// The end of a boundary line.
    Next,
    /// The end of the last boundary.
    Last,
}

/// Finds the boundary lines. It holds what may be one, but nothing else.
#[derive(Debug)]
pub(super) struct Boundary {
    /// `\n--` and the boundary.
    needle: Vec<u8>,
    held: Vec<u8>,
    place: Place,
    /// Whether lines end in CRLF, or in LF alone: the first boundary line tells, as to Go's reader.
    /// So a file cannot bring a boundary in the other kind of lines, which no server would see.
    crlf: Option<bool>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Text,
    /// Behind a CR whose LF may begin a boundary line.
    Cr,
    /// Behind that many bytes of the needle, and the CR before it.
    Needle(usize),
    /// Behind the needle and that many blanks.
    Padding(usize),
    /// Behind the needle and a `-`.
    Dash,
    /// Behind the CR that ends a boundary line.
    LastCr,
}

impl Boundary {
    /// `None` if this cannot be a boundary.
    pub(super) fn new(boundary: &[u8]) -> Option<Self> {
        let fits = (1..=LONGEST).contains(&boundary.len());
        if !fits || boundary.iter().any(u8::is_ascii_control) {
            return None;
        }
        let needle = [b"\n--", boundary].concat();
        // The body begins with a line.
        Some(Self { needle, held: Vec::new(), place: Place::Needle(1), crlf: None })
    }

    /// Goes back to the beginning of the body.
    pub(super) fn restart(&mut self) {
        self.held.clear();
        self.place = Place::Needle(1);
        self.crlf = None;
    }

    /// The next byte begins a line, though no line end was seen here.
    pub(super) fn begin_line(&mut self) {
        self.place = Place::Needle(1);
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Reads until behind the next boundary line; returns how many bytes were taken. `content` gets
    /// what is no part of one.
    pub(super) fn push(&mut self, bytes: &[u8], mut content: impl FnMut(&[u8])) -> (usize, Line) {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if let Place::Text = self.place {
                at += self.text(&bytes[at..], &mut content);
                continue;
            }
            self.place = match (self.place, byte) {
                (Place::Cr, b'\n') => Place::Needle(1),
                (Place::Needle(length), _) if self.needle.get(length) == Some(byte) => {
                    if length + 1 < self.needle.len() {
                        Place::Needle(length + 1)
                    } else {
                        Place::Padding(0)
                    }
                }
                (Place::Padding(0), b'-') => Place::Dash,
                (Place::Padding(length), b' ' | b'\t') if length < PADDING => {
                    Place::Padding(length + 1)
                }
                (Place::Padding(_), b'\r') if self.crlf != Some(false) => Place::LastCr,
                (Place::LastCr, b'\n') => {
                    self.crlf = Some(true);
                    return self.found(at, Line::Next);
                }
                (Place::Padding(_), b'\n') if self.crlf != Some(true) => {
                    self.crlf = Some(false);
                    return self.found(at, Line::Next);
                }
                (Place::Dash, b'-') => return self.found(at, Line::Last),
                // No boundary. It has no line end within: none can have begun in it.
                _ => {
                    content(&self.held);
                    self.held.clear();
                    self.place = Place::Text;
                    continue;
                }
            };
            self.held.push(*byte);
            at += 1;
        }
        (at, Line::Content)
    }

    fn found(&mut self, at: usize, line: Line) -> (usize, Line) {
        self.held.clear();
        self.place = Place::Text;
        (at + 1, line)
    }

    /// In text, to behind the next line end; returns how many bytes were taken.
    fn text(&mut self, bytes: &[u8], content: &mut impl FnMut(&[u8])) -> usize {
        let line_end = memchr(b'\n', bytes);
        let taken = line_end.map_or(bytes.len(), |at| at + 1);
        let line = &bytes[..line_end.unwrap_or(bytes.len())];
        let has_cr = self.crlf != Some(false) && line.ends_with(b"\r");
        let is_end = line_end.is_some() && (has_cr || self.crlf != Some(true));
        let text = match (is_end || line_end.is_none(), has_cr) {
            (false, _) => &bytes[..taken],
            (true, false) => line,
            (true, true) => &line[..line.len() - 1],
        };
        self.held.extend_from_slice(&bytes[text.len()..taken]);
        if is_end {
            self.place = Place::Needle(1);
        } else if !self.held.is_empty() {
            self.place = Place::Cr;
        }
        content(text);
        taken
    }
}
