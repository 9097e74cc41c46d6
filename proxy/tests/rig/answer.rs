//! An answer as it came over the wire.

use serde_json::Value;

/// How a connection stood when an answer had been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The answer is complete by its framing; the connection is open.
    Complete,
    /// The connection was closed (FIN): in the middle, or as the end of an unframed body.
    Closed,
    /// The connection was reset (RST).
    Reset,
}

/// A status line with its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The minor version of HTTP/1.
    pub(crate) minor: u8,
    pub(crate) status: u16,
    /// Names in the case and order of the wire, values byte for byte.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
}

impl Head {
    /// The head at the start of `input` and its length; `None` while it is incomplete.
    pub(crate) fn parse(input: &[u8]) -> Option<(Self, usize)> {
        let mut headers = [httparse::EMPTY_HEADER; 256];
        let mut response = httparse::Response::new(&mut headers);
        let shown = || String::from_utf8_lossy(&input[..input.len().min(400)]).into_owned();
        let httparse::Status::Complete(length) =
            response.parse(input).unwrap_or_else(|error| panic!("{error}: {:?}", shown()))
        else {
            return None;
        };
        let headers = response.headers.iter();
        let head = Self {
            minor: response.version.unwrap(),
            status: response.code.unwrap(),
            headers: headers.map(|h| (h.name.to_owned(), h.value.to_vec())).collect(),
        };
        Some((head, length))
    }

    /// The first value of a header, whatever the case of its name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(str::from_utf8(value).unwrap())
    }
}

/// An answer as far as it came.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// 1xx answers that came before.
    pub(crate) informational: Vec<Head>,
    pub(crate) minor: u8,
    pub(crate) status: u16,
    /// Names in the case and order of the wire, values byte for byte.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// Without the chunked coding.
    pub(crate) body: Vec<u8>,
    /// The body as it was on the wire, chunk sizes included.
    pub(crate) raw_body: Vec<u8>,
    pub(crate) end: End,
}

impl Answer {
    /// The first value of a header, whatever the case of its name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(str::from_utf8(value).unwrap())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The `data` of every event of a stream, in order; of LF and CRLF streams.
    pub(crate) fn events(&self) -> Vec<&str> {
        self.text().lines().filter_map(|line| line.strip_prefix("data: ")).collect()
    }
}

/// What a chunked coding holds so far.
pub(crate) struct Dechunked {
    pub(crate) body: Vec<u8>,
    /// How many bytes of the input belong to it.
    pub(crate) used: usize,
    pub(crate) complete: bool,
}

/// Takes the chunked coding off.
pub(crate) fn dechunk(input: &[u8]) -> Dechunked {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(line) = input[at..].windows(2).position(|two| two == b"\r\n") else {
            return Dechunked { body, used: input.len(), complete: false };
        };
        let size = str::from_utf8(&input[at..at + line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let start = at + line + 2;
        body.extend_from_slice(&input[start..input.len().min(start + size)]);
        if input.len() < start + size + 2 {
            return Dechunked { body, used: input.len(), complete: false };
        }
        at = start + size + 2;
        if size == 0 {
            return Dechunked { body, used: at, complete: true };
        }
    }
}
