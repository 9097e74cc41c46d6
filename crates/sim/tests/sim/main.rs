//! The simulator against a client that sees every byte.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

mod client;
mod dialects;
mod engines;
mod faults;
mod http;
mod pace;
mod recorder;
mod recordings;
mod sse;
