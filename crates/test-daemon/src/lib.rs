//! For tests only: a daemon's binary as people start it, with the files that it is given.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod daemon;
mod file;
mod program;

pub use daemon::{DEADLINE, Daemon};
pub use file::{TestFile, file};
pub use program::Program;
