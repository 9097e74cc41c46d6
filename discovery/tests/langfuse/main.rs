//! The LangFuse poller against scripted servers of versions 2, 3 and 4, which answer queries out of
//! observations whose sums are known.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod faults;
mod names;
mod question;
mod scene;
mod server;
mod totals;
mod versions;
mod world;
