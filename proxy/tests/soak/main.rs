//! The real binary under everything at once, for a while, and under a flood of junk: nothing is
//! lost, nothing is sent twice, nothing grows, and the ledger is exact.
//!
//! As part of the tests it takes some 40 s. `make soak` takes minutes; the environment says how many
//! (see `settings.rs`), and `--nocapture` shows what came of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../command_line/files.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod files;
#[path = "../command_line/process.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod process;
#[path = "../rig/rig.rs"]
mod rig;
#[path = "../command_line/talk.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod talk;

mod crowd;
mod dice;
mod flood;
mod junk;
mod report;
mod samples;
mod scenes;
mod settings;
mod tally;
mod upstream;
mod visitor;
mod witness;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Each of the two wants the machine for itself.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tasks of clients and upstreams.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
