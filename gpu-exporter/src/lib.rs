//! The GPU exporter: what each GPU does, and for which container.
//!
//! A loop of its own reads a [`source::GpuSource`] into a plain [`snapshot::Snapshot`]; a scrape renders
//! the last one and never asks the driver. One file names NVML: `source/nvml/library.rs`.

mod app;
mod backoff;
mod cli;
mod config;
pub mod container;
pub mod exposition;
mod pages;
pub mod sampler;
pub mod snapshot;
pub mod source;
pub mod state;

pub use app::{App, StartError};
pub use cli::Args;
pub use config::{Config, SourceKind};
