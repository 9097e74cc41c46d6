//! What users of other gateways and engines complain of: a test for each complaint, named after it.
//! COMPLAINTS.md is written from what stands above the tests: number, link, what went wrong there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../rig/rig.rs"]
mod rig;

mod bounds;
mod document;
mod first_token;
mod hops;
mod leaving;
mod meter;
mod scene;
mod tokens;
