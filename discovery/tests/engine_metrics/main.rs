//! Engines' own metrics: of every version under one set of names, whatever the page is like.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

mod golden;
mod hostile;
mod recordings;
mod served;
mod table;
mod versions;
