//! What is to be passed on in place of the bytes that were given.

use std::borrow::Cow;

/// What Weir adds to the body of a request, for whoever holds all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addition {
    /// Behind so many bytes of what the client sent.
    pub at: usize,
    /// What is put there.
    pub bytes: &'static [u8],
}

/// What to pass on for a piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Forward {
    /// The piece as it is.
    Unchanged,
    /// So many bytes of the piece, and others behind them: whoever holds the piece need not copy it.
    Spliced {
        /// How many bytes of the piece go on.
        keep: usize,
        /// What goes on behind them; often nothing.
        then: Vec<u8>,
    },
    /// These bytes instead; none, if empty.
    Replaced(Vec<u8>),
}

impl Forward {
    /// The first `keep` bytes of the piece and `then`.
    pub(crate) fn spliced(keep: usize, then: Vec<u8>, piece: &[u8]) -> Self {
        if keep == piece.len() && then.is_empty() {
            Self::Unchanged
        } else {
            Self::Spliced { keep, then }
        }
    }

    /// The bytes to pass on, given the piece that was read.
    pub fn bytes<'a>(&'a self, piece: &'a [u8]) -> Cow<'a, [u8]> {
        match self {
            Self::Unchanged => Cow::Borrowed(piece),
            Self::Spliced { keep, then } if then.is_empty() => Cow::Borrowed(&piece[..*keep]),
            Self::Spliced { keep, then } => Cow::Owned([&piece[..*keep], then].concat()),
            Self::Replaced(bytes) => Cow::Borrowed(bytes),
        }
    }
}
