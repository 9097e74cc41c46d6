//! The built binary as people start it: flags, configuration, pages, engines that do as they please.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod access;
mod check;
mod engines;
mod faults;
mod healthcheck;
mod scripted;

use weir_test_daemon::{Daemon, Program, TestFile, file};

const WEIR: Program = Program::new(env!("CARGO_BIN_EXE_weir-discovery"));

/// Discovery without containers, with this text below `[discovery]`; it lives as long as its file.
fn start(text: &str) -> (Daemon, TestFile) {
    let file = file(&format!("[discovery]\ndocker = \"off\"\n{text}"));
    (WEIR.start(&["--config", file.to_str().unwrap()]), file)
}

/// `[[discovery.engines]]`
fn engine(name: &str, url: impl std::fmt::Display) -> String {
    format!("[[discovery.engines]]\nname = \"{name}\"\nurl = \"{url}\"\n")
}
