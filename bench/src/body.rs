//! How far a body of HTTP/1.1 goes, for both sides: by its length, or in chunks that may be cut anywhere.

mod chunks;

use std::ops::Range;

use httparse::Header;

pub(crate) use self::chunks::BadChunk;
use self::chunks::Chunks;

/// What is left of a body.
#[derive(Debug)]
pub(crate) enum Body {
    Sized(u64),
    Chunked(Chunks),
}

/// Where payload stands in the bytes at hand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) payload: Range<usize>,
    /// How many of the bytes are done with.
    pub(crate) used: usize,
}

impl Body {
    /// As the head tells; `None`: it does not.
    pub(crate) fn of(headers: &[Header<'_>]) -> Option<Self> {
        if has(headers, "transfer-encoding", "chunked") {
            return Some(Self::Chunked(Chunks::default()));
        }
        let length =
            headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        Some(Self::Sized(str::from_utf8(length?.value).ok()?.parse().ok()?))
    }

    /// The next piece of payload in `bytes`, to be called again with the rest of them until all are used or the body
    /// is over.
    pub(crate) fn step(&mut self, bytes: &[u8]) -> Result<Step, BadChunk> {
        match self {
            Self::Sized(left) => {
                let used = bytes.len().min((*left).try_into().unwrap_or(usize::MAX));
                *left -= used as u64;
                Ok(Step { payload: 0..used, used })
            }
            Self::Chunked(chunks) => chunks.step(bytes),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        match self {
            Self::Sized(left) => *left == 0,
            Self::Chunked(chunks) => chunks.are_over(),
        }
    }
}

/// Whether a header has a value, in whatever case.
pub(crate) fn has(headers: &[Header<'_>], name: &str, value: &str) -> bool {
    headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case(name)
            && header.value.eq_ignore_ascii_case(value.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use httparse::Header;

    use super::{Body, Step};

    #[test]
    fn a_head_tells_how_long_the_body_is() {
        let length = Header { name: "Content-Length", value: b"12" };
        let chunked = Header { name: "transfer-encoding", value: b"Chunked" };
        assert!(matches!(Body::of(&[length]), Some(Body::Sized(12))));
        assert!(matches!(Body::of(&[length, chunked]), Some(Body::Chunked(_))));
        assert!(Body::of(&[]).is_none());
        assert!(Body::of(&[Header { name: "content-length", value: b"twelve" }]).is_none());
    }

    #[test]
    fn a_body_of_a_length_leaves_what_comes_after_it() {
        let mut body = Body::Sized(5);
        assert_eq!(body.step(b"abc").unwrap(), Step { payload: 0..3, used: 3 });
        assert!(!body.is_over());
        assert_eq!(body.step(b"deGET").unwrap(), Step { payload: 0..2, used: 2 });
        assert!(body.is_over());
        assert!(Body::Sized(0).is_over());
    }
}
