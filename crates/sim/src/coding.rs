//! Compressed bodies: one stream, flushed after every event.

use std::io::{self, Write};

use flate2::write::{GzEncoder, ZlibEncoder};

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950, the zlib format.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// Every coding.
    pub const ALL: [Self; 4] = [Self::Gzip, Self::Deflate, Self::Brotli, Self::Zstd];

    /// As headers name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// Whether an `accept-encoding` allows it.
    pub(crate) fn is_accepted_by(self, accept_encoding: &str) -> bool {
        accept_encoding.split(',').any(|choice| {
            let (name, weight) = choice.split_once(';').unwrap_or((choice, ""));
            let weight = weight.trim().strip_prefix("q=").and_then(|q| q.trim().parse().ok());
            let named = [self.as_str(), "*"].iter().any(|n| name.trim().eq_ignore_ascii_case(n));
            named && weight.unwrap_or(1.0_f32) > 0.0
        })
    }

    /// A whole body in this coding.
    pub(crate) fn encode(self, body: &[u8]) -> io::Result<Vec<u8>> {
        let mut encoder = Encoder::new(self)?;
        let mut out = encoder.piece(body)?;
        out.extend(encoder.end()?);
        Ok(out)
    }
}

/// The coding of one body, piece by piece.
pub(crate) enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Deflate(ZlibEncoder<Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    pub(crate) fn new(coding: Coding) -> io::Result<Self> {
        let level = flate2::Compression::default();
        Ok(match coding {
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), level)),
            Coding::Deflate => Self::Deflate(ZlibEncoder::new(Vec::new(), level)),
            // Quality 4 in a window of 4 MiB: what servers use on the fly.
            Coding::Brotli => {
                Self::Brotli(Box::new(brotli::CompressorWriter::new(Vec::new(), 4096, 4, 22)))
            }
            Coding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 0)?),
        })
    }

    /// What a reader needs to see all of `piece`.
    pub(crate) fn piece(&mut self, piece: &[u8]) -> io::Result<Vec<u8>> {
        let out = match self {
            Self::Gzip(encoder) => flushed(encoder, piece)?.get_mut(),
            Self::Deflate(encoder) => flushed(encoder, piece)?.get_mut(),
            Self::Brotli(encoder) => flushed(encoder.as_mut(), piece)?.get_mut(),
            Self::Zstd(encoder) => flushed(encoder, piece)?.get_mut(),
        };
        Ok(std::mem::take(out))
    }

    /// What is left to say at the body's end.
    pub(crate) fn end(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Deflate(encoder) => encoder.finish(),
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

fn flushed<'a, W: Write>(encoder: &'a mut W, piece: &[u8]) -> io::Result<&'a mut W> {
    encoder.write_all(piece)?;
    encoder.flush()?;
    Ok(encoder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_of_zero_refuses() {
        assert!(Coding::Brotli.is_accepted_by("gzip, BR;q=0.5"));
        assert!(Coding::Gzip.is_accepted_by("*"));
        assert!(!Coding::Gzip.is_accepted_by("gzip;q=0, identity"));
        assert!(!Coding::Zstd.is_accepted_by("gzip, br"));
    }
}
