//! The simulator against a client that sees every byte.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

mod audio;
mod batch;
mod client;
mod coding;
mod dialects;
mod engine_metrics;
mod engines;
mod faults;
mod http;
mod metrics;
mod pace;
mod pooled;
mod realtime;
mod recorder;
mod recordings;
mod sse;
mod stored;
mod websocket;
