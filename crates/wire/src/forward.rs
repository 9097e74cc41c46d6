//! What is to be passed on in place of the bytes that were given.

/// What to pass on for a piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Forward {
    /// The piece as it is.
    Unchanged,
    /// These bytes instead; none, if empty.
    Replaced(Vec<u8>),
}

impl Forward {
    /// The bytes to pass on, given the piece that was read.
    pub fn bytes<'a>(&'a self, piece: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Unchanged => piece,
            Self::Replaced(bytes) => bytes,
        }
    }
}
