//! The proxy: a thin shell on Pingora round the pure meter of `weir-wire`.
//!
//! [`App::start`] binds the listeners and the admin endpoints and serves until it is drained;
//! `filter` holds the one `impl ProxyHttp`, whose phases are listed there. Everything that is
//! measured is decided in `weir-wire` and written in `weir-ledger`.

mod access;
mod admin;
mod app;
mod ask;
mod cli;
mod config;
mod descriptors;
mod discovery;
mod door;
mod expiry;
mod filter;
mod in_force;
mod late_read;
mod listen;
mod model_poll;
mod name;
mod pem_file;
mod route;
mod shared;
mod table;
mod trace_context;
mod upstream;

pub use access::{ClientNames, HashSecret, KeyConfig, KeyHash, Network, Per, Rate, RouteAccess};
pub use app::{App, Drained, StartError};
pub use cli::Args;
pub use config::{Clients, Config, Discovery, Limits, Listener, ListenerTls, RouteConfig};
pub use door::TlsError;
pub use upstream::Upstream;
pub use weir_ledger::Hop;
