//! Content codings: what the compressed bytes of an answer or a request mean, decoded from a copy
//! while they pass.
//!
//! Sources: [RFC 9110, 8.4](https://www.rfc-editor.org/rfc/rfc9110#section-8.4) and
//! [RFC 9659](https://www.rfc-editor.org/rfc/rfc9659) for the window of zstd.

mod brotli;
mod inflate;
#[cfg(test)]
mod tests;
mod zstd;

use std::fmt;

/// Bytes that may come out of next to none. With [`RATIO`] it keeps a few hundred bytes, which can
/// mean gigabytes, from taking a thread for seconds.
const FREE: u64 = 1 << 20;

/// Bytes that may come out for each that comes in. Text and JSON seldom shrink to a fortieth.
const RATIO: u64 = 100;

/// Bytes that are decoded at a time.
const BLOCK: usize = 16 << 10;

/// Why the bytes cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undecodable {
    /// They are not of the coding, or need more memory than the decoder may take.
    Malformed,
    /// They mean more bytes than the limit, or than so few bytes may mean.
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
    /// Bytes that may still come out: those of the limit, and those that what has come in may mean.
    left: u64,
    granted: u64,
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
    /// A decoder for an answer's `content-encoding` of one known coding, which gives at most `limit`
    /// bytes. `None` where nothing is coded, where two codings are stacked, and for what is not
    /// known.
    pub(crate) fn of(content_encoding: &str, limit: u64) -> Option<Self> {
        let codec = match single(content_encoding)?.as_str() {
            "br" => Codec::Brotli(brotli::Brotli::new()),
            "zstd" => Codec::Zstd(zstd::Zstd::new(zstd::Window::Answer)?),
            coding => Codec::Inflate(inflate::Inflate::of(coding)?),
        };
        Some(Self::new(codec, limit))
    }

    /// The same for a request, whose client may be anybody: no brotli, whose window can be 16 MiB,
    /// and 2 MiB of window for zstd.
    pub(crate) fn of_request(content_encoding: &str, limit: u64) -> Option<Self> {
        let codec = match single(content_encoding)?.as_str() {
            "zstd" => Codec::Zstd(zstd::Zstd::new(zstd::Window::Request)?),
            coding => Codec::Inflate(inflate::Inflate::of(coding)?),
        };
        Some(Self::new(codec, limit))
    }

    fn new(codec: Codec, limit: u64) -> Self {
        Self { codec: Ok(codec), block: Box::default(), left: limit, granted: FREE }
    }

    /// Reads on; `sink` gets what the bytes mean, in order. After an error it stays with it.
    ///
    /// The cut of the pieces does not matter, but in two cases: where it is that a bomb is too large
    /// for its size; and how much of a broken brotli stream is decoded before the fault.
    pub(crate) fn decode(
        &mut self,
        mut piece: &[u8],
        mut sink: impl FnMut(&[u8]),
    ) -> Result<(), Undecodable> {
        self.granted = self.granted.saturating_add(RATIO.saturating_mul(piece.len() as u64));
        if self.block.is_empty() {
            self.block = vec![0; BLOCK].into_boxed_slice();
        }
        loop {
            let step = match &mut self.codec {
                Ok(codec) => codec.step(piece, &mut self.block),
                Err(reason) => return Err(*reason),
            };
            let most = self.left.min(self.granted);
            let allowed = step.written.min(usize::try_from(most).unwrap_or(usize::MAX));
            if allowed > 0 {
                sink(&self.block[..allowed]);
                self.left -= allowed as u64;
                self.granted -= allowed as u64;
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

/// The coding, if it is a single one.
fn single(content_encoding: &str) -> Option<String> {
    let mut codings = content_encoding
        .split(',')
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !matches!(coding.as_str(), "" | "identity"));
    codings.next().filter(|_| codings.next().is_none())
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
