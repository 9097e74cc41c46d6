//! The built binary as people start it: flags, configuration, messages, exit codes, pages and signals.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod access;
mod check;
mod files;
mod process;
mod simulate;
mod start;
