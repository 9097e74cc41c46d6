//! The proxy: a thin shell on Pingora round the pure meter of `weir-wire`.
//!
//! [`App::start`] binds the listeners and the admin endpoints and serves until it is drained;
//! `filter` holds the one `impl ProxyHttp`, whose phases are listed there. Everything that is
//! measured is decided in `weir-wire` and written in `weir-ledger`.

mod admin;
mod app;
mod ca_file;
mod cli;
mod config;
mod filter;
mod late_read;
mod listen;
mod model_poll;
mod name;
mod route;
mod shared;
mod table;
mod upstream;

pub use app::{App, Drained, StartError};
pub use cli::Args;
pub use config::{Config, Listener, RouteConfig};
pub use upstream::Upstream;
pub use weir_ledger::Hop;
