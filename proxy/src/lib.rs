//! The proxy: a thin shell on Pingora round the pure meter of `weir-wire`.
//!
//! [`App::start`] binds the listeners and the admin endpoints and serves until it is drained;
//! `filter` holds the one `impl ProxyHttp`, whose phases are listed there. Everything that is
//! measured is decided in `weir-wire` and written in `weir-ledger`.

mod access;
mod access_log;
mod admin;
mod app;
mod ask;
mod cli;
mod config;
mod cork;
mod descriptors;
mod discovery;
mod door;
mod ended;
mod expiry;
mod filter;
mod gen_ai;
mod hop_join;
mod in_force;
mod late_read;
mod listen;
mod model_poll;
mod name;
mod observers;
mod otlp_metrics;
mod pem_file;
mod price;
mod route;
mod shared;
mod span;
mod spans;
mod table;
mod trace_context;
mod upstream;

pub use access::{ClientNames, HashSecret, KeyConfig, KeyHash, Network, Per, Rate, RouteAccess};
pub use app::{App, Drained, StartError};
pub use cli::Args;
pub use config::{
    AccessLogConfig, Clients, Config, Discovery, Limits, Listener, ListenerTls, LogTarget,
    RouteConfig, TelemetryConfig,
};
pub use door::TlsError;
pub use price::{CostHop, Price, Prices};
pub use span::Semconv;
pub use upstream::Upstream;
pub use weir_ledger::Hop;
