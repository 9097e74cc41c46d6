//! Discovery: which engines there are, what they are called on each hop, and what they, LiteLLM and
//! LangFuse say of themselves.
//!
//! Sources (a container runtime, engines named by hand, LiteLLM, LangFuse) are followed by tasks of their
//! own, which leave plain data behind; the pages render what was left last and never ask anybody. One file
//! names bollard: `docker.rs`.

pub mod address;
mod app;
pub mod asked;
mod cli;
mod config;
pub mod container;
#[cfg(test)]
mod contract;
pub mod docker;
pub mod engine;
pub mod engine_metrics;
pub mod exposition;
pub mod fetch;
pub mod fleet;
pub mod follow;
pub mod gpu;
pub mod langfuse;
pub mod litellm;
mod pages;
mod place;
pub mod probe;
pub mod recognize;
pub mod route;
pub mod sd;
pub mod source;
mod state;
mod watch;

pub use app::{App, StartError};
pub use cli::Args;
pub use config::{Config, Docker, EngineConfig, Watching};
