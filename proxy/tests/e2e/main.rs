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

mod access;
mod admin;
mod audio;
mod chunked;
mod compressed;
mod compressed_requests;
mod cost;
mod cuts;
mod endpoints;
mod forms;
mod hop_join;
mod hops;
mod http;
mod idle_series;
mod invocations;
mod live;
mod model_in_path;
mod models;
mod passthrough;
mod pooled;
mod realtime;
mod refusal;
mod routing;
mod scene;
mod segments;
mod shapes;
mod stored;
mod structure;
mod tls;
mod trace;
mod truth;
mod usage_asked;
mod usage_left_alone;
