//! The proxy between a client that sees every byte and a scripted upstream: what passes, and what
//! is counted. Every number is exact; nothing here measures time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../rig/rig.rs"]
mod rig;

mod admin;
mod cuts;
mod endpoints;
mod hops;
mod http;
mod live;
mod models;
mod passthrough;
mod refusal;
mod routing;
mod scene;
mod shapes;
mod structure;
mod tls;
mod truth;
mod usage_asked;
mod usage_left_alone;
