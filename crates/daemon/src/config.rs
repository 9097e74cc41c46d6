//! Layered configuration. Later wins: defaults < file < environment < command line.
//!
//! - **Defaults** are those of the type that a daemon reads its table into (`#[serde(default)]`).
//!   That type should also have `#[serde(deny_unknown_fields)]`, which `#[serde(flatten)]` undoes.
//! - **The file** is TOML with a table per daemon ([`Table`]). It is read only where `--config` or
//!   `WEIR_CONFIG` names it. A daemon looks at its own tables, but a table that no daemon has is an
//!   error.
//! - **The environment**: `WEIR_<TABLE>__<KEY>[__<KEY>…]`, so that `WEIR_PROXY__ADMIN` sets
//!   `proxy.admin`. Keys are lower-cased. A name without the double underscore after a known table
//!   is not ours (Kubernetes makes `WEIR_PROXY_PORT` and its like), and an empty value counts as
//!   not set. The key's type decides how a value is read: a string, a path, an address or a choice
//!   takes the text as it stands (`0123` and `true` stay text), everything else is parsed: `8`,
//!   `true`, `30s`, `[a, b]`, `{name = a, upstream = "http://b:1"}`. Within brackets there is no
//!   type to go by: write `["0123"]` there. An array is replaced as a whole; there is no variable
//!   for one element of it.
//! - **The command line** is what the daemon passes to [`Layers::with_override`].
//!
//! Whatever is wrong, the [`ConfigError`] says which key, what was found, what was expected and
//! where it came from.

mod admin_access;
mod environment;
mod error;
mod expectation;
mod failure;
mod file;
mod layer;
mod layers;
mod node;
mod quantity;
mod shown;
mod size;
mod sources;
mod span;
mod suggest;
mod table;

#[cfg(test)]
mod tests;

pub use admin_access::RawAdminAccess;
pub use error::ConfigError;
pub use expectation::plain as plain_expectation;
pub use figment::value::Value;
pub use layers::Layers;
pub use size::Size;
pub use sources::{Loaded, Sources};
pub use span::Span;
pub use suggest::closest;
pub use table::Table;
