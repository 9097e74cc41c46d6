//! How a request ended, as its client saw it.

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With a whole answer.
    Answered,
    /// The client left, as it was to.
    Left,
    /// With an answer of this status.
    Refused(u16),
    /// In the middle of the answer, or before it.
    Broken,
    /// The client's patience ended first.
    Late,
    /// Nobody was there.
    Unreachable,
}
