//! `[proxy.limits]` as it is written.

use serde::Deserialize;
use weir_daemon::config::{Size, Span};

/// `[proxy.limits]`; the defaults are those of [`Limits`](crate::config::Limits).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawLimits {
    /// Most connections of one listener at once.
    pub(in crate::config) connections: Option<usize>,
    /// Most requests under way at once.
    pub(in crate::config) requests: Option<usize>,
    /// Most bytes of a request's head.
    pub(in crate::config) head: Option<Size>,
    /// Most bytes of a request's body.
    pub(in crate::config) body: Option<Size>,
    /// How long a head may take, from its first byte.
    pub(in crate::config) head_timeout: Option<Span>,
    /// The longest pause between two pieces of a body (HTTP/1).
    pub(in crate::config) pause: Option<Span>,
    /// The longest that is waited for all pieces of a body together.
    pub(in crate::config) body_timeout: Option<Span>,
    /// How long a connection may stay open without a request.
    pub(in crate::config) idle: Option<Span>,
    /// How long a client may take no byte of an answer that waits for it; `0s`: for ever.
    pub(in crate::config) unread: Option<Span>,
}
