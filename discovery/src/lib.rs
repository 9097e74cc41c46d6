//! Discovery: which engines there are, what they are called on each hop, and what they, LiteLLM and
//! LangFuse say of themselves.
//!
//! Sources (a container runtime, engines named by hand, LiteLLM, LangFuse) are followed by tasks of their
//! own, which leave plain data behind; the pages render what was left last and never ask anybody. One file
//! names bollard: `docker.rs`.

pub mod address;
pub mod container;
pub mod docker;
pub mod engine;
pub mod engine_metrics;
pub mod exposition;
pub mod fetch;
pub mod follow;
pub mod gpu;
pub mod langfuse;
pub mod litellm;
pub mod recognize;
pub mod source;
