//! Recognising containers, their GPUs and their addresses: cases as data, recordings of real runtimes, and
//! whatever anybody may write into a container's description.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod anything;
mod corpus;
mod description;
mod recorded;
