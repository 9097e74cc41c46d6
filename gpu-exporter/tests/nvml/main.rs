//! The real exporter with the real nvml-wrapper, and a stand-in for the driver's library: each trap of
//! NVML's, and each way in which a driver fails.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod calls;
mod curve;
mod driver;
mod exporter;
mod fields;
mod golden;
mod gpm;
#[path = "../../stand-in/src/h200.rs"]
mod h200;
mod hang;
mod library;
mod lost;
mod processes;
mod real_library;
mod resets;
mod rig;
mod scrape;
#[path = "../../stand-in/src/script.rs"]
mod script;
mod symbols;
mod unsupported;
mod xid;
