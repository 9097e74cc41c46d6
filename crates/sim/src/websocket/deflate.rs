//! The extension permessage-deflate (RFC 7692), with a window that is kept from message to message
//! in both directions.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::{DeflateDecoder, DeflateEncoder};

/// What a flush ends with; it isn't sent (section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// What this server answers to an offer that it takes.
pub(crate) const ACCEPTED: &str = "permessage-deflate";

/// Whether a `sec-websocket-extensions` offers what this server can do: not a smaller window, nor
/// one that begins anew with every message.
pub(crate) fn is_offered(extensions: &str) -> bool {
    extensions.split(',').any(|offer| {
        let mut words = offer.split(';').map(str::trim);
        words.next() == Some(ACCEPTED) && words.all(|word| !word.starts_with("server_"))
    })
}

/// Compresses the messages of this side.
pub(crate) struct Deflater(DeflateEncoder<Vec<u8>>);

impl Deflater {
    pub(crate) fn new() -> Self {
        Self(DeflateEncoder::new(Vec::new(), Compression::default()))
    }

    pub(crate) fn message(&mut self, message: &[u8]) -> io::Result<Vec<u8>> {
        self.0.write_all(message)?;
        self.0.flush()?;
        let mut out = std::mem::take(self.0.get_mut());
        if out.is_empty() {
            // There was nothing to flush; this is what an empty message looks like all the same.
            return Ok(vec![0]);
        }
        out.truncate(out.len() - TAIL.len());
        Ok(out)
    }
}

/// Reads the messages of the other side.
#[derive(Debug)]
pub(crate) struct Inflater(DeflateDecoder<Bounded>);

impl Inflater {
    /// For messages of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self(DeflateDecoder::new(Bounded { out: Vec::new(), limit }))
    }

    /// An error if it is too long, or not compressed.
    pub(crate) fn message(&mut self, payload: &[u8]) -> io::Result<Vec<u8>> {
        self.0.write_all(payload)?;
        self.0.write_all(&TAIL)?;
        self.0.flush()?;
        Ok(std::mem::take(&mut self.0.get_mut().out))
    }
}

#[derive(Debug)]
struct Bounded {
    out: Vec<u8>,
    limit: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.limit - self.out.len() {
            return Err(io::Error::other("the message is too long"));
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_as_they_went_in() {
        let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new(100));
        for message in ["Hello", "", "Hello", "Hello again"] {
            let payload = deflater.message(message.as_bytes()).unwrap();
            assert_eq!(inflater.message(&payload).unwrap(), message.as_bytes());
        }
        let bomb = deflater.message(&[b'x'; 101]).unwrap();
        assert!(inflater.message(&bomb).is_err());
    }

    #[test]
    fn the_example_of_the_standard_reads() {
        let payload = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(Inflater::new(9).message(&payload).unwrap(), b"Hello");
    }

    #[test]
    fn an_offer_with_demands_is_declined() {
        assert!(is_offered("permessage-deflate; client_max_window_bits"));
        assert!(is_offered("x-webkit-deflate-frame, permessage-deflate"));
        assert!(!is_offered("permessage-deflate; server_max_window_bits=10"));
        assert!(!is_offered(""));
    }
}
