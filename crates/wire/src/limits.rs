//! How much of a request or an answer the meter holds at most.

/// Bounds on the memory of one [`Exchange`](crate::Exchange), in bytes. What is larger flows on
/// unread; [`Outcome::degraded`](crate::Outcome::degraded) tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A model name; a longer one is cut and marked, so that it equals no real name.
    pub model_bytes: usize,
    /// One server-sent event. The last event of a Responses stream repeats the whole answer.
    pub event_bytes: usize,
    /// An incomplete event that is held back while it may turn out to be the usage event that
    /// Weir asked for.
    pub hold_bytes: usize,
    /// What a compressed body may come to. It is not held, but reading it takes time: a body that
    /// goes on beyond is not read any further.
    pub decoded_bytes: u64,
    /// The same of a compressed request.
    pub decoded_request_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            model_bytes: 256,
            event_bytes: 4 << 20,
            hold_bytes: 64 << 10,
            decoded_bytes: 256 << 20,
            decoded_request_bytes: 32 << 20,
        }
    }
}
