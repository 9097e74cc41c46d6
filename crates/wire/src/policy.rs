//! What the operator allows the meter to do.

use crate::Limits;

/// Whether a request may be changed so that its usage is known exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsagePolicy {
    /// A chat or completions request that streams and has no `stream_options` is given
    /// `"stream_options":{"include_usage":true}`; the event that it brings is taken out of the
    /// answer again.
    #[default]
    Exact,
    /// Bytes are never touched; where usage is missing, content events are counted instead.
    Observe,
}

/// What the operator decided for a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether to ask for usage.
    pub usage: UsagePolicy,
    /// How much to hold.
    pub limits: Limits,
}

impl Policy {
    /// Ask for usage; default limits.
    pub fn exact() -> Self {
        Self::default()
    }

    /// Touch nothing; default limits.
    pub fn observe() -> Self {
        Self { usage: UsagePolicy::Observe, ..Self::default() }
    }
}
