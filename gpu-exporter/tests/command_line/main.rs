//! The built binary as people start it: flags, configuration, messages, exit codes, pages and signals.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod access;
mod check;
mod healthcheck;
mod simulate;
mod start;

const WEIR: weir_test_daemon::Program =
    weir_test_daemon::Program::new(env!("CARGO_BIN_EXE_weir-gpu-exporter"));
