//! The proxy under faults and at its edges: upstreams that break, clients that leave, input that
//! nobody should send. What the client sees, what is counted, what is sent twice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../rig/rig.rs"]
mod rig;

mod ahead;
mod bad_answers;
mod bad_requests;
mod compressed;
mod document;
mod drain;
// A meter can be made to fail only where it is built for tests.
#[cfg(debug_assertions)]
mod fail_open;
mod leaving;
mod lengths;
mod mix;
mod pooled;
mod precedence;
mod promptly;
mod retry;
mod slow_readers;
mod stalls;
mod table;
mod unreachable;
