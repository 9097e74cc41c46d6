//! Content codings: what an answer's compressed bytes mean, decoded from a copy while they pass.
//!
//! Sources: [RFC 9110, 8.4](https://www.rfc-editor.org/rfc/rfc9110#section-8.4) and
//! [RFC 9659](https://www.rfc-editor.org/rfc/rfc9659) for the window of zstd.

mod brotli;
mod inflate;
#[cfg(test)]
mod tests;
mod zstd;

use std::fmt;

/// Bytes that are decoded at a time.
const BLOCK: usize = 16 << 10;

/// Why the bytes cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undecodable {
    /// They are not of the coding, or need more memory than the decoder may take.
    Malformed,
    /// They mean more bytes than the limit.
    TooLarge,
}

/// Undoes one content coding.
///
/// What has been flushed by the sender is decoded with the piece that it came in. It holds the
/// window of the coding (gzip and deflate 32 KiB, zstd 8 MiB, brotli 16 MiB, touched as it fills),
/// the coding's tables (brotli at most 4 MiB, the others far less) and one block of 16 KiB.
pub(crate) struct Decoder {
    codec: Result<Codec, Undecodable>,
    block: Box<[u8]>,
    /// Bytes that may still come out.
    left: u64,
}

enum Codec {
    Inflate(inflate::Inflate),
    Brotli(brotli::Brotli),
    Zstd(zstd::Zstd),
}

/// What one call of a codec has done.
struct Step {
    taken: usize,
    written: usize,
    malformed: bool,
}

impl Decoder {
    /// A decoder for a `content-encoding` of one known coding, which gives at most `limit` bytes.
    /// `None` where nothing is coded, where two codings are stacked, and for what is not known.
    pub(crate) fn of(content_encoding: &str, limit: u64) -> Option<Self> {
        let mut codings = content_encoding
            .split(',')
            .map(|coding| coding.trim().to_ascii_lowercase())
            .filter(|coding| !matches!(coding.as_str(), "" | "identity"));
        let coding = codings.next()?;
        if codings.next().is_some() {
            return None;
        }
        let codec = match coding.as_str() {
            "gzip" | "x-gzip" => Codec::Inflate(inflate::Inflate::gzip()),
            "deflate" => Codec::Inflate(inflate::Inflate::deflate()),
            "br" => Codec::Brotli(brotli::Brotli::new()),
            "zstd" => Codec::Zstd(zstd::Zstd::new()?),
            _ => return None,
        };
        Some(Self { codec: Ok(codec), block: Box::default(), left: limit })
    }

    /// Reads on; `sink` gets what the bytes mean, in order. After an error it stays with it.
    ///
    /// The cut of the pieces does not matter, but in one case: of a broken brotli stream more may
    /// be decoded before the fault, or the fault may be seen only then, if it comes in small pieces.
    pub(crate) fn decode(
        &mut self,
        mut piece: &[u8],
        mut sink: impl FnMut(&[u8]),
    ) -> Result<(), Undecodable> {
        if self.block.is_empty() {
            self.block = vec![0; BLOCK].into_boxed_slice();
        }
        loop {
            let step = match &mut self.codec {
                Ok(codec) => codec.step(piece, &mut self.block),
                Err(reason) => return Err(*reason),
            };
            let allowed = step.written.min(usize::try_from(self.left).unwrap_or(usize::MAX));
            if allowed > 0 {
                sink(&self.block[..allowed]);
                self.left -= allowed as u64;
            }
            if step.written > allowed {
                return self.fail(Undecodable::TooLarge);
            }
            piece = &piece[step.taken..];
            let stuck = step.taken == 0 && step.written == 0 && !piece.is_empty();
            if step.malformed || stuck {
                return self.fail(Undecodable::Malformed);
            }
            // A full block says that more may follow from what was taken.
            if piece.is_empty() && step.written < BLOCK {
                return Ok(());
            }
        }
    }

    /// Whether the stream has come to its own end, so that nothing was cut off.
    #[cfg(test)]
    pub(crate) fn is_complete(&self) -> bool {
        match &self.codec {
            Ok(Codec::Inflate(codec)) => codec.is_complete(),
            Ok(Codec::Brotli(codec)) => codec.is_complete(),
            Ok(Codec::Zstd(codec)) => codec.is_complete(),
            Err(_) => false,
        }
    }

    fn fail(&mut self, reason: Undecodable) -> Result<(), Undecodable> {
        self.codec = Err(reason);
        self.block = Box::default();
        Err(reason)
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coding = self.codec.as_ref().map(|codec| match codec {
            Codec::Inflate(_) => "inflate",
            Codec::Brotli(_) => "brotli",
            Codec::Zstd(_) => "zstd",
        });
        f.debug_struct("Decoder").field("codec", &coding).field("left", &self.left).finish()
    }
}

impl Codec {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        match self {
            Self::Inflate(codec) => codec.step(input, output),
            Self::Brotli(codec) => codec.step(input, output),
            Self::Zstd(codec) => codec.step(input, output),
        }
    }
}

impl Step {
    /// Bytes that mean nothing by themselves.
    fn taken(taken: usize) -> Self {
        Self { taken, written: 0, malformed: false }
    }

    fn malformed() -> Self {
        Self { taken: 0, written: 0, malformed: true }
    }
}
