//! Requests of the edge and the requests that the gateway makes of them at engines, brought together: what the
//! gateway adds, how often it asks, and whether it holds events back.
//!
//! ```text
//!  edge    │ head      handed on                                first    …    last     end
//!          ├──────────────►├─ before_upstream ─┐                   ▲                    ▲
//!  gateway │               │                   ▼                   │ first_token        │ after
//!  engine  │               │                 head  handed on ──► first   …    last ──► end
//!          └──────────────────────────────────────────────────────────────────────────────► time
//! ```
//!
//! They are joined by the span of Weir at the edge, which the gateway passes on, not by the trace: a client may have
//! many requests in one. Pure but for a lock: all instants are given.

mod added;
mod seen;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use seen::{Seen, Stream};
pub(crate) use table::HopJoin;
