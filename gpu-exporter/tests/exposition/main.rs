//! What is exposed of a snapshot: byte for byte, and as METRICS-GPU.md says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod contract;
mod crowd;
mod golden;
mod promtool;
mod scripted;
