//! The built binary as people start it: flags, configuration, messages, exit codes and signals.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod access;
mod access_log;
mod admin_access;
mod check;
mod discovery;
mod files;
mod healthcheck;
mod memory;
mod models;
mod process;
mod reload;
#[path = "../rig/discovery.rs"]
mod scripted_discovery;
mod secrets;
mod signals;
mod start;
mod talk;
mod traces;
