//! What the meter and the ledger cost: pieces of work that are counted by callgrind and held to what is
//! recorded (`make count`), and timed (`make bench-micro`).
//!
//! A crate of its own, so that neither needs what the tests of those two are built with.

pub mod callgrind;
pub mod place;
pub mod record;
pub mod report;
mod samples;
pub mod verdict;
pub mod works;
