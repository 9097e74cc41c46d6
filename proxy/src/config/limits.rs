//! What clients may use up. The defaults do not bite real LLM traffic: minutes to the first token,
//! megabytes of prompt, hundreds of streams.

use std::time::Duration;

/// Limits on clients; nothing here limits how long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most connections of one listener at once; further ones are answered 503.
    pub connections: usize,
    /// Most requests under way at once, over all listeners; further ones are answered 503.
    pub requests: usize,
    /// Most bytes of a request's head, answered 431. Pingora takes 1 MiB and 256 headers at most.
    pub head: usize,
    /// Most bytes of a request's body, answered 413. None of it is held.
    pub body: u64,
    /// How long a head may take, from its first byte; of a first request also the TLS handshake.
    pub head_timeout: Duration,
    /// The longest that is waited for the next piece of a body (HTTP/1).
    pub pause: Duration,
    /// The longest that is waited for all pieces of a body together, answered 408.
    pub body_timeout: Duration,
    /// How long a connection may stay open without a request, in whole seconds.
    pub idle: Duration,
    /// How long a client may take no byte of an answer that waits for it; `None`: for ever.
    pub unread: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8192,
            requests: 8192,
            head: 1 << 20,
            body: 1 << 30,
            head_timeout: Duration::from_secs(60),
            pause: Duration::from_secs(60),
            body_timeout: Duration::from_secs(15 * 60),
            idle: Duration::from_secs(75),
            unread: None,
        }
    }
}
