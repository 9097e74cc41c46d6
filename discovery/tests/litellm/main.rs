//! Gateways that are scripted: what is asked of them, and what is made of their answers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod exposition;
mod faults;
mod polling;
mod scripted;
