//! What stands between clients and the first byte of a request: connections, limits, HTTP/2, TLS.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../rig/rig.rs"]
mod rig;

mod bodies;
mod certificates;
mod connections;
mod h2_client;
mod heads;
mod http2;
mod http2_limits;
mod no_request;
mod refused;
mod requests;
mod sessions;
mod slow_io;
mod tls;
