//! What every Weir daemon shares: layered configuration, common flags, logging, the admin pages,
//! exposition formats, process metrics, health checks, signals and files that are watched.
//!
//! It knows no daemon, no proxy library and no metrics library: a daemon hands its metrics over as
//! OpenMetrics text and its configuration as a type that serde can read.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use clap::Parser;
//! use weir_daemon::cli::{CommonArgs, EXIT_CONFIG};
//! use weir_daemon::config::{ConfigError, Layers, Loaded, Sources, Span, Table};
//!
//! #[derive(clap::Parser)]
//! #[command(version)]
//! struct Args {
//!     #[command(flatten)]
//!     common: CommonArgs,
//!     /// Address of the proxy's admin pages.
//!     #[arg(long, value_name = "ADDR")]
//!     admin: Option<String>,
//! }
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields, default)]
//! struct RawProxy {
//!     admin: std::net::SocketAddr,
//!     drain_grace: Span,
//! }
//!
//! impl Default for RawProxy {
//!     fn default() -> Self {
//!         Self { admin: ([127, 0, 0, 1], 9900).into(), drain_grace: Span::from_secs(30) }
//!     }
//! }
//!
//! fn load(args: &Args) -> Result<Loaded<RawProxy>, ConfigError> {
//!     let mut layers = Layers::of_process(&args.common);
//!     if let Some(admin) = &args.admin {
//!         layers = layers.with_override("--admin", "proxy.admin", admin.clone());
//!     }
//!     Sources::read(&layers)?.table(Table::Proxy)
//! }
//!
//! fn main() -> ExitCode {
//!     match load(&Args::parse()) {
//!         Ok(_config) => ExitCode::SUCCESS,
//!         Err(error) => {
//!             eprintln!("error: {error}");
//!             ExitCode::from(EXIT_CONFIG)
//!         }
//!     }
//! }
//! ```

pub mod admin;
pub mod build_info;
pub mod cli;
pub mod config;
pub mod exposition;
pub mod healthcheck;
pub mod logging;
pub mod process;
pub mod program;
pub mod reload;
pub mod signals;
pub mod watched;
